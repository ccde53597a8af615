/* REVERSE: what was paid with points comes back, at the till that sold or at another, and once.

   Claim: a point that a customer holds the goods for is never free; the books add up; once all is booked and closed
   nothing is left in a row.

   Till 0 sells and cancels, till 1 takes the goods back without knowing what till 0 did.  The goods come back once,
   to whichever till was first.  The allowance is head office's own or lent by a pool: then what comes home was
   counted by the pool, which knows nothing of returns, and `is_lent` says so. */
#include "breaking.h"
c_decl { enum RULES { SOUND, goes_back_into_the_allowance, is_booked_twice, is_booked_before_its_redeem,
                      frees_and_leaves_open, stays_in_a_lent_row }; };
#ifndef POINTS
#define POINTS 2        /* each REDEEM takes one: REDEEM r is the sale r */
#endif
#ifndef ENTRIES
#define ENTRIES 5
#endif
#define TILLS 2
#define REDEEM 1
#define CLOSE 2
#define REVERSE 3

typedef Entry { byte kind; byte about };
typedef Till { byte length; byte booked; Entry journal[ENTRIES]; bit has_reversed[POINTS] };
Till till[TILLS];
bit is_lent; byte left; bit held; byte sold; byte counted_home;
bit is_back[POINTS];                    /* the goods */
byte free; byte settled; byte open = POINTS; bit is_closed; bit redeemed[POINTS]; bit reversed[POINTS];
byte handed_out;

#define BOOKS_ADD_UP (free + settled + open == POINTS)
#define NOTHING_FREE_WAS_SPENT (free + handed_out <= POINTS)
#define ALL_IS_BOOKED (till[0].booked == till[0].length && till[1].booked == till[1].length && !held)
#define NOTHING_IS_STRANDED (!ALL_IS_BOOKED || open == 0)

inline write(t, what, which) {
    till[t].journal[till[t].length].kind = what; till[t].journal[till[t].length].about = which; till[t].length++
}

active proctype World() {
    byte t; byte r; byte k;
    atomic { if :: is_lent = 0 :: is_lent = 1 fi; held = 1; left = POINTS }
    do
    :: atomic { left > 0 && sold < POINTS && till[0].length < ENTRIES ->
        left--; write(0, REDEEM, sold); sold++; handed_out++; assert(NOTHING_FREE_WAS_SPENT) }
    :: atomic { held && till[0].length < ENTRIES ->
        held = 0; counted_home = POINTS - sold; left = 0; write(0, CLOSE, 0) }

    /* Goods that come back: at till 0 by its own memory, at till 1 by the receipt in the customer's hand. */
    :: atomic { select(t : 0 .. TILLS - 1); select(r : 0 .. POINTS - 1);
        if
        :: r < sold && !till[t].has_reversed[r] && till[t].length < ENTRIES ->
            till[t].has_reversed[r] = 1; write(t, REVERSE, r);
            if :: !is_back[r] -> is_back[r] = 1; handed_out-- :: else fi;
            if :: BREAK(goes_back_into_the_allowance) && held -> left++; sold-- :: else fi
        :: else
        fi;
        t = 0; r = 0 }

    :: atomic { till[0].booked < till[0].length && till[0].journal[till[0].booked].kind != REVERSE ->
        k = till[0].booked; r = till[0].journal[k].about;
        if
        :: till[0].journal[k].kind == REDEEM -> assert(open > 0); open--; settled++; redeemed[r] = 1
        :: else ->
            is_closed = 1;
            /* A lent row gives what the pool counted; an allowance of head office all that is left in it. */
            if
            :: is_lent -> assert(open >= counted_home); free = free + counted_home; open = open - counted_home
            :: else -> free = free + open; open = 0
            fi
        fi;
        till[0].booked++;
        assert(BOOKS_ADD_UP); assert(NOTHING_FREE_WAS_SPENT); assert(NOTHING_IS_STRANDED);
        k = 0; r = 0 }

    /* A REVERSE waits for its REDEEM, and the second one of a REDEEM is parked. */
    :: atomic { select(t : 0 .. TILLS - 1); k = till[t].booked; r = 0;
        if
        :: k < till[t].length -> r = till[t].journal[k].about
        :: else
        fi;
        if
        :: k < till[t].length && till[t].journal[k].kind == REVERSE &&
           (redeemed[r] || BREAK(is_booked_before_its_redeem)) ->
            if
            :: reversed[r] && !BREAK(is_booked_twice)
            :: else ->
                reversed[r] = 1; settled--;
                if
                :: BREAK(frees_and_leaves_open) -> free++; open++ /* BREAK */
                :: BREAK(stays_in_a_lent_row) -> open++ /* BREAK */
                :: else -> if :: is_closed || is_lent -> free++ :: else -> open++ fi
                fi
            fi;
            till[t].booked++;
            assert(settled <= POINTS); assert(BOOKS_ADD_UP); assert(NOTHING_FREE_WAS_SPENT); assert(NOTHING_IS_STRANDED)
        :: else
        fi;
        t = 0; r = 0; k = 0 }
    od
}
