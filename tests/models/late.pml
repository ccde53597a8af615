/* Late journals: a till is replaced as lost, and its disk is not.  The old machine sells on for a while with what it
   holds, then its journal comes, all of it or a part, before or after people judged it.

   Claim: a point that a customer received is never free; the books add up; an entry of the old incarnation is
   booked on what the old incarnation was given.

   Incarnation 0 is the old one, 1 its replacement; both number their allowances from 0. */
#include "breaking.h"
c_decl { enum RULES { SOUND, frees_what_the_fenced_held, drops_the_late_journal, books_by_till_and_not_incarnation,
                      confirms_a_disk_in_use, confirms_an_unfinished_journal, confirms_before_booking }; };
#ifndef POINTS
#define POINTS 2
#endif
#ifndef ENTRIES
#define ENTRIES 3
#endif
#define LIVES 2
#define NUMBERS 2
#define REDEEM 1
#define CLOSE 2

typedef Entry { byte kind; byte about };
typedef Life {
    bit is_wiped; byte left[NUMBERS]; bit held[NUMBERS]; bit seen[NUMBERS]; byte length; Entry journal[ENTRIES];
    byte next; byte points[NUMBERS]; byte open[NUMBERS]; byte received; byte booked; bit is_final
};
Life life[LIVES]; bit current;
byte free = POINTS; byte settled; byte handed_out;

#define OPEN(i) (life[i].open[0] + life[i].open[1])
#define BOOKS_ADD_UP (free + settled + OPEN(0) + OPEN(1) == POINTS)
#define NOTHING_FREE_WAS_SPENT (free + handed_out <= POINTS)
inline check() { assert(BOOKS_ADD_UP); assert(NOTHING_FREE_WAS_SPENT) }

active proctype World() {
    byte i; byte j; byte n; byte k; byte x;
    do
    :: atomic { free > 0 && life[current].next < NUMBERS -> i = current; n = life[i].next; select(x : 1 .. POINTS);
        if
        :: x <= free -> free = free - x; life[i].open[n] = x; life[i].points[n] = x; life[i].next++
        :: else
        fi;
        i = 0; n = 0; x = 0 }

    /* Both machines sell, until a disk is wiped. */
    :: atomic { select(i : 0 .. LIVES - 1); select(n : 0 .. NUMBERS - 1);
        if
        :: i > current || life[i].is_wiped
        :: i <= current && !life[i].is_wiped && n < life[i].next && !life[i].seen[n] ->
            life[i].seen[n] = 1; life[i].held[n] = 1; life[i].left[n] = life[i].points[n]
        :: i <= current && !life[i].is_wiped && life[i].left[n] > 0 && life[i].length < ENTRIES ->
            life[i].left[n]--; k = life[i].length;
            life[i].journal[k].kind = REDEEM; life[i].journal[k].about = n; life[i].length++;
            handed_out++; assert(NOTHING_FREE_WAS_SPENT)
        :: i <= current && !life[i].is_wiped && life[i].held[n] && life[i].length < ENTRIES ->
            life[i].held[n] = 0; life[i].left[n] = 0; k = life[i].length;
            life[i].journal[k].kind = CLOSE; life[i].journal[k].about = n; life[i].length++
        :: else
        fi;
        i = 0; n = 0; k = 0 }
    :: atomic { current && !life[0].is_wiped -> life[0].is_wiped = 1;
        for (n : 0 .. NUMBERS - 1) { life[0].left[n] = 0; life[0].held[n] = 0; life[0].seen[n] = 1 }
        n = 0 }

    /* S4 replace: the old incarnation is fenced, what it held stays charged. */
    :: atomic { !current -> current = 1;
        if
        :: BREAK(frees_what_the_fenced_held) -> free = free + OPEN(0); life[0].open[0] = 0; life[0].open[1] = 0
        :: else
        fi;
        check() }

    /* Head office receives an entry, and books one: a fenced incarnation's as any other's. */
    :: atomic { select(i : 0 .. LIVES - 1);
        if
        :: life[i].received < life[i].length -> life[i].received++
        :: life[i].booked < life[i].received && !life[i].is_final ->
            k = life[i].booked; n = life[i].journal[k].about; life[i].booked++;
            j = i; if :: BREAK(books_by_till_and_not_incarnation) -> j = current :: else fi;
            if
            :: BREAK(drops_the_late_journal) && i != current -> skip
            :: life[i].journal[k].kind == REDEEM ->
                assert(life[j].open[n] > 0); life[j].open[n]--; settled++
            :: else -> free = free + life[j].open[n]; life[j].open[n] = 0
            fi;
            check()
        :: else
        fi;
        i = 0; j = 0; n = 0; k = 0 }

    /* Two people confirm: the disk is wiped, all that was on it is here, and it is booked.  Then the rest is free. */
    :: atomic { current && !life[0].is_final && (life[0].is_wiped || BREAK(confirms_a_disk_in_use)) &&
        (life[0].received == life[0].length || BREAK(confirms_an_unfinished_journal)) &&
        (life[0].booked == life[0].received || BREAK(confirms_before_booking)) ->
        if :: BREAK(confirms_before_booking) -> skip :: else -> life[0].is_final = 1 fi;
        free = free + OPEN(0); life[0].open[0] = 0; life[0].open[1] = 0;
        check() }
    od
}
