/* Write-off: what a dead incarnation held leaves the books by the word of two people, at the company's risk.

   Claim: the member's points never move again for what that incarnation did; what customers received beyond the
   member's points is what the company lost, to the point; nobody writes off alone.

   `loss` is what the company gave; an entry that comes later settles against it, in either direction. */
#include "breaking.h"
c_decl { enum RULES { SOUND, is_done_by_one, later_closes_go_to_the_member, later_redeems_charge_the_member,
                      gives_back_without_a_loss, loses_again_what_was_lost }; };
#ifndef POINTS
#define POINTS 3
#endif
#ifndef ENTRIES
#define ENTRIES 4
#endif
#define NUMBERS 2
#define REDEEM 1
#define CLOSE 2
#define NOBODY 0
#define PEOPLE 2

typedef Entry { byte kind; byte about };
byte left[NUMBERS]; bit held[NUMBERS]; bit seen[NUMBERS]; byte length; Entry journal[ENTRIES];
byte next; byte points[NUMBERS]; byte open[NUMBERS]; byte booked;
byte asked_by; bit is_written_off; bit is_given_back;
byte waiting[NUMBERS];  /* of a written-off allowance: not yet known whether it was spent */
short free = POINTS; short settled; short loss; byte handed_out;

#define BOOKS_ADD_UP (free + settled + open[0] + open[1] == POINTS)
#define NOTHING_FREE_WAS_SPENT (free + handed_out <= POINTS + loss)
#define ALL_IS_BOOKED (booked == length && !held[0] && !held[1] && (!next || seen[0]) && (next < 2 || seen[1]))
/* When the journal is whole, the company lost what was spent after all, and gained what a kept amount left over. */
#define LOSS_IS_EXACT (!ALL_IS_BOOKED || !is_written_off || free + handed_out == POINTS + loss)
inline check() { assert(BOOKS_ADD_UP); assert(NOTHING_FREE_WAS_SPENT); assert(LOSS_IS_EXACT) }

active proctype World() {
    byte n; byte k; byte x; short before;
    do
    :: atomic { free > 0 && next < NUMBERS && !is_written_off -> n = next; select(x : 1 .. POINTS);
        if
        :: x <= free -> free = free - x; open[n] = x; points[n] = x; next++
        :: else
        fi;
        n = 0; x = 0 }

    /* The till is believed dead; it may live and sell. */
    :: atomic { select(n : 0 .. NUMBERS - 1);
        if
        :: n < next && !seen[n] -> seen[n] = 1; held[n] = 1; left[n] = points[n]
        :: left[n] > 0 && length < ENTRIES ->
            left[n]--; journal[length].kind = REDEEM; journal[length].about = n; length++;
            handed_out++; assert(NOTHING_FREE_WAS_SPENT)
        :: held[n] && length < ENTRIES ->
            held[n] = 0; left[n] = 0; journal[length].kind = CLOSE; journal[length].about = n; length++
        :: else
        fi;
        n = 0 }

    /* S5: one asks, another agrees; the member gets the open amounts back or not. */
    :: atomic { asked_by == NOBODY -> select(x : 1 .. PEOPLE); asked_by = x; x = 0 }
    :: atomic { asked_by != NOBODY && !is_written_off -> select(x : 1 .. PEOPLE);
        if
        :: x != asked_by || BREAK(is_done_by_one) ->
            assert(x != asked_by);
            is_written_off = 1; if :: is_given_back = 0 :: is_given_back = 1 fi;
            waiting[0] = open[0]; waiting[1] = open[1];
            if
            :: is_given_back -> free = free + open[0] + open[1];
                if :: BREAK(gives_back_without_a_loss) -> skip :: else -> loss = open[0] + open[1] fi
            :: else -> settled = settled + open[0] + open[1]
            fi;
            open[0] = 0; open[1] = 0; check()
        :: else
        fi;
        x = 0 }

    :: atomic { booked < length -> n = journal[booked].about; before = free;
        if
        :: journal[booked].kind == REDEEM && !is_written_off -> assert(open[n] > 0); open[n]--; settled++
        :: journal[booked].kind == CLOSE && !is_written_off -> free = free + open[n]; open[n] = 0; before = free
        :: journal[booked].kind == REDEEM && is_written_off ->
            assert(waiting[n] > 0); waiting[n]--;
            if
            :: BREAK(later_redeems_charge_the_member) -> free--; settled++ /* BREAK */
            :: BREAK(loses_again_what_was_lost) -> loss++ /* BREAK */
            :: else
            fi
        :: journal[booked].kind == CLOSE && is_written_off ->
            if
            :: BREAK(later_closes_go_to_the_member) -> free = free + waiting[n]; settled = settled - waiting[n]
            :: else -> loss = loss - waiting[n]
            fi;
            waiting[n] = 0
        fi;
        booked++; assert(free == before); check();
        n = 0; before = 0 }
    od
}
