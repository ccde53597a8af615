/* Lots: points of two ages.  An allowance is made of slices of lots, and every entry names its lots.

   Claim: of no lot more is free, expired and handed out than was earned, and a till hands out nothing of a lot
   after its last day on the till's own calendar.

   Two lots; lot 0 ends with day 0, lot 1 with day 1.  Head office's day and the till's go on by themselves, either
   first: two machines' clocks are never compared. */
#include "breaking.h"
c_decl { enum RULES { SOUND, expires_under_an_allowance, books_points_without_lots, gives_back_what_was_issued,
                      hands_out_what_expired, issues_what_expired }; };
#ifndef LOT
#define LOT 1           /* points of each lot */
#endif
#ifndef ENTRIES
#define ENTRIES 4
#endif
#define LOTS 2
#define NUMBERS 2
#define LAST_DAY 2
#define REDEEM 1
#define CLOSE 2

typedef Slices { byte of_lot[LOTS] };
typedef Entry { byte kind; byte about; byte lot };

byte day; byte till_day;
Slices free; Slices expired; Slices settled; Slices handed_out;
Slices issued[NUMBERS]; Slices open[NUMBERS]; bit is_open[NUMBERS]; byte next;
Slices left[NUMBERS]; bit held[NUMBERS]; bit seen[NUMBERS];
Entry journal[ENTRIES]; byte length; byte booked;

#define ADDS_UP(l) (free.of_lot[l] + expired.of_lot[l] + settled.of_lot[l] + open[0].of_lot[l] + open[1].of_lot[l] == LOT)
#define NOT_TWICE(l) (free.of_lot[l] + expired.of_lot[l] + handed_out.of_lot[l] <= LOT)
inline check() { assert(ADDS_UP(0) && ADDS_UP(1)); assert(NOT_TWICE(0) && NOT_TWICE(1)) }

active proctype World() {
    byte n; byte l; byte x;
    free.of_lot[0] = LOT; free.of_lot[1] = LOT;
    do
    :: atomic { day < LAST_DAY -> day++ }
    :: atomic { till_day < LAST_DAY -> till_day++ }

    /* S1: of every lot that is alive, any part. */
    :: atomic { next < NUMBERS -> n = next; next++; is_open[n] = 1;
        for (l : 0 .. LOTS - 1) {
            select(x : 0 .. LOT);
            if
            :: x > 0 && x <= free.of_lot[l] && (day <= l || BREAK(issues_what_expired)) ->
                assert(day <= l);
                free.of_lot[l] = free.of_lot[l] - x; open[n].of_lot[l] = x; issued[n].of_lot[l] = x
            :: else
            fi
        }
        n = 0; l = 0; x = 0 }
    :: atomic { select(n : 0 .. NUMBERS - 1);
        if
        :: n < next && !seen[n] -> seen[n] = 1; held[n] = 1;
            left[n].of_lot[0] = issued[n].of_lot[0]; left[n].of_lot[1] = issued[n].of_lot[1]
        :: else
        fi;
        n = 0 }

    /* T2: first-expiring first; what has expired on the till's day is passed over. */
    :: atomic { length < ENTRIES -> select(n : 0 .. NUMBERS - 1);
        l = 0;
        if :: left[n].of_lot[0] == 0 || (till_day > 0 && !BREAK(hands_out_what_expired)) -> l = 1 :: else fi;
        if
        :: left[n].of_lot[l] > 0 && (till_day <= l || BREAK(hands_out_what_expired)) ->
            assert(till_day <= l);
            left[n].of_lot[l]--; handed_out.of_lot[l]++;
            journal[length].kind = REDEEM; journal[length].about = n; journal[length].lot = l; length++;
            assert(NOT_TWICE(0) && NOT_TWICE(1))
        :: held[n] ->
            held[n] = 0; left[n].of_lot[0] = 0; left[n].of_lot[1] = 0;
            journal[length].kind = CLOSE; journal[length].about = n; length++
        :: else
        fi;
        n = 0; l = 0 }

    /* S2: lot by lot; what comes home after its day expires with the next EXPIRE. */
    :: atomic { booked < length -> n = journal[booked].about; l = journal[booked].lot;
        if
        :: journal[booked].kind == REDEEM ->
            if :: BREAK(books_points_without_lots) && open[n].of_lot[0] > 0 -> l = 0 :: else fi;
            assert(open[n].of_lot[l] > 0);
            open[n].of_lot[l]--; settled.of_lot[l]++
        :: else ->
            for (l : 0 .. LOTS - 1) {
                if
                :: BREAK(gives_back_what_was_issued) -> free.of_lot[l] = free.of_lot[l] + issued[n].of_lot[l] /* BREAK */
                :: else -> free.of_lot[l] = free.of_lot[l] + open[n].of_lot[l]
                fi;
                open[n].of_lot[l] = 0
            }
            is_open[n] = 0
        fi;
        booked++; check();
        n = 0; l = 0 }

    /* EXPIRE: of a lot whose day is over only what is free; what lies in an allowance waits for its CLOSE. */
    :: atomic { select(l : 0 .. LOTS - 1);
        if
        :: day > l ->
            expired.of_lot[l] = expired.of_lot[l] + free.of_lot[l]; free.of_lot[l] = 0;
            if
            :: BREAK(expires_under_an_allowance) ->
                expired.of_lot[l] = expired.of_lot[l] + open[0].of_lot[l] + open[1].of_lot[l]; /* BREAK */
                open[0].of_lot[l] = 0; open[1].of_lot[l] = 0 /* BREAK */
            :: else
            fi;
            check()
        :: else
        fi;
        l = 0 }
    od
}
