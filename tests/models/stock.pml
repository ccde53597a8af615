/* STOCK: allowances that nobody asked for, told with the news again and again, recalled when they are wanted
   elsewhere, declared when they were never heard of; and holds, which a parked sale has on one.

   Claim: a point that a customer received, or that a hold promised, is never free; the books add up.

   The till may be stopped between any two of its transactions; one of its steps here is one transaction. */
#include "breaking.h"
c_decl { enum RULES { SOUND, frees_what_it_recalls, closes_under_a_hold, declares_less_than_it_holds,
                      declares_before_its_floor, takes_a_page_told_again, forgets_what_it_closed }; };
#ifndef POINTS
#define POINTS 2
#endif
#ifndef ENTRIES
#define ENTRIES 4
#endif
#define NUMBERS 2
#define REDEEM 1
#define CLOSE 2
#define DECLARE 3

typedef Entry { byte kind; byte about; byte held };
byte left[NUMBERS]; bit held[NUMBERS]; bit seen[NUMBERS]; bit is_told_recall[NUMBERS];
byte hold[NUMBERS];                     /* points of it that a parked sale has on hold */
byte floor; byte declared;              /* the two are one, but for the rule that is broken */
byte length; Entry journal[ENTRIES];
byte next; byte points[NUMBERS]; byte open[NUMBERS]; bit is_recalled[NUMBERS]; byte booked;
byte free = POINTS; byte settled; byte handed_out;

#define BOOKS_ADD_UP (free + settled + open[0] + open[1] == POINTS)
#define NOTHING_FREE_IS_OWED (free + handed_out + hold[0] + hold[1] <= POINTS)
inline write(what, which, rest) {
    journal[length].kind = what; journal[length].about = which; journal[length].held = rest; length++
}
inline bring_home(number) { free = free + open[number]; open[number] = 0 }

active proctype World() {
    byte n; byte k; byte x;
    do
    :: atomic { free > 0 && next < NUMBERS -> n = next; select(x : 1 .. POINTS);
        if
        :: x <= free -> free = free - x; open[n] = x; points[n] = x; next++
        :: else
        fi;
        n = 0; x = 0 }
    :: atomic { select(n : 0 .. NUMBERS - 1);
        if
        :: n < next && !is_recalled[n] -> is_recalled[n] = 1;
            if :: BREAK(frees_what_it_recalls) -> bring_home(n) :: else fi /* BREAK */
        :: else
        fi;
        assert(BOOKS_ADD_UP); assert(NOTHING_FREE_IS_OWED);
        n = 0 }

    /* A page of news, perhaps an old one: allowances and recalls, in any order. */
    :: atomic { select(n : 0 .. NUMBERS - 1);
        if
        :: n < next && n >= floor && (!seen[n] || (BREAK(forgets_what_it_closed) && !held[n]) ||
           (BREAK(takes_a_page_told_again) && held[n])) ->
            seen[n] = 1; held[n] = 1; left[n] = points[n]
        :: is_recalled[n] && !is_told_recall[n] -> is_told_recall[n] = 1
        :: else
        fi;
        n = 0 }

    /* A sale: hold, capture as a REDEEM, or release. */
    :: atomic { select(n : 0 .. NUMBERS - 1);
        if
        :: left[n] > 0 -> left[n]--; hold[n]++; assert(NOTHING_FREE_IS_OWED)
        :: hold[n] > 0 && length < ENTRIES -> hold[n]--; write(REDEEM, n, 0); handed_out++
        :: hold[n] > 0 -> hold[n]--; left[n]++
        :: else
        fi;
        n = 0 }

    /* T3: what was recalled goes home as soon as nothing of it is on hold. */
    :: atomic { length < ENTRIES -> select(n : 0 .. NUMBERS - 1);
        if
        :: held[n] && is_told_recall[n] && (hold[n] == 0 || BREAK(closes_under_a_hold)) ->
            write(CLOSE, n, 0); held[n] = 0; left[n] = 0
        :: else
        fi;
        n = 0 }

    /* T4: the floor and the entry are one transaction. */
    :: atomic { length < ENTRIES -> select(k : 1 .. NUMBERS);
        if
        :: k > declared ->
            x = held[0] + 2 * held[1];
            if :: BREAK(declares_less_than_it_holds) -> x = (held[0] && left[0] > 0) + 2 * (held[1] && left[1] > 0) :: else fi;
            write(DECLARE, k, x); declared = k;
            if :: BREAK(declares_before_its_floor) -> skip :: else -> floor = k fi
        :: else
        fi;
        k = 0; x = 0 }
    :: atomic { BREAK(declares_before_its_floor) && floor < declared -> floor = declared /* BREAK */ }

    :: atomic { booked < length -> n = journal[booked].about; x = journal[booked].held;
        if
        :: journal[booked].kind == REDEEM -> assert(open[n] > 0); open[n]--; settled++
        :: journal[booked].kind == CLOSE -> bring_home(n)
        :: journal[booked].kind == DECLARE ->
            if :: n > 0 && next > 0 && x % 2 == 0 -> bring_home(0) :: else fi;
            if :: n > 1 && next > 1 && x < 2 -> bring_home(1) :: else fi
        fi;
        booked++; assert(BOOKS_ADD_UP); assert(NOTHING_FREE_IS_OWED);
        n = 0; x = 0 }
    od
}
