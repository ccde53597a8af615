/* Strict spending: one member, one wallet, POINTS points, head office and TILLS tills, one of which loses its disk.

   Claim: whatever the network loses, repeats or reorders, the tills together never hand out more points than the
   member has, and head office's books add up after every step.

   A message is a bit: once sent it may arrive at any time, any number of times, or never.  A push is head office
   learning the next entry of a till's journal at any time, or never.  Head office issues whatever it likes whenever
   it likes, which covers every request.  Each step of a till is one durable transaction, so a crash that leaves the
   disk changes nothing. */
#include "breaking.h"
c_decl { enum RULES { SOUND, takes_back_on_a_timer, accepts_what_it_closed, has_no_floor, forgets_what_it_booked,
                      ignores_the_epoch, keeps_the_epoch, frees_what_the_dead_held }; };
#ifndef POINTS
#define POINTS 2
#endif
#ifndef ENTRIES
#define ENTRIES 3       /* of a journal */
#endif
#define TILLS 2
#define NUMBERS 2       /* allowances per incarnation: 0 and 1 */

#define REDEEM 1
#define CLOSE 2
#define DECLARE 3

typedef Till {
    byte epoch; byte floor;             /* numbers below the floor are not accepted any more */
    byte left[NUMBERS]; bit held[NUMBERS]; bit seen[NUMBERS];
    byte length; byte kind[ENTRIES]; byte about[ENTRIES];
    byte data[ENTRIES]                  /* REDEEM: points; DECLARE: a bit for each allowance held */
};
typedef Rows {                          /* what head office's books hold of one till */
    byte epoch; byte next; byte booked;
    byte open[NUMBERS]; bit is_open[NUMBERS]
};
typedef Sent { bit is; byte points; byte epoch };
typedef Mail { Sent to[NUMBERS] };

Till till[TILLS]; Rows rows[TILLS]; Mail mail[TILLS];
byte free = POINTS; byte settled; byte handed_out;      /* handed_out is what customers received: nobody's row */
bit was_lost;

#define BOOKS_ADD_UP (free + settled + rows[0].open[0] + rows[0].open[1] + rows[1].open[0] + rows[1].open[1] == POINTS)

inline write(what, number, value) {
    till[t].kind[till[t].length] = what; till[t].about[till[t].length] = number; till[t].data[till[t].length] = value;
    till[t].length++
}
inline bring_home(number) { free = free + rows[t].open[number]; rows[t].open[number] = 0; rows[t].is_open[number] = 0 }

active [TILLS] proctype World() {
    byte t = _pid; byte n; byte k; byte x;
    do
    /* S1 issue: the points leave the free ones before the message leaves the house. */
    :: atomic { free > 0 && rows[t].next < NUMBERS ->
        n = rows[t].next; select(x : 1 .. POINTS);
        if
        :: x <= free ->
            free = free - x; rows[t].open[n] = x; rows[t].is_open[n] = 1; rows[t].next++;
            mail[t].to[n].is = 1; mail[t].to[n].points = x; mail[t].to[n].epoch = rows[t].epoch
        :: else
        fi;
        n = 0; x = 0 }

    /* T1 receive: mine, above the floor, never seen. */
    :: atomic { select(n : 0 .. NUMBERS - 1);
        if
        :: mail[t].to[n].is && (mail[t].to[n].epoch == till[t].epoch || BREAK(ignores_the_epoch)) &&
            (n >= till[t].floor || BREAK(has_no_floor)) && !till[t].held[n] &&
            (!till[t].seen[n] || BREAK(accepts_what_it_closed)) ->
            till[t].held[n] = 1; till[t].seen[n] = 1; till[t].left[n] = mail[t].to[n].points
        :: else
        fi;
        n = 0 }

    /* T2 redeem, T3 close. */
    :: atomic { till[t].length < ENTRIES -> select(n : 0 .. NUMBERS - 1);
        if
        :: till[t].left[n] > 0 -> till[t].left[n]--; write(REDEEM, n, 1); handed_out++; assert(handed_out <= POINTS)
        :: till[t].held[n] -> write(CLOSE, n, 0); till[t].held[n] = 0; till[t].left[n] = 0
        :: else
        fi;
        n = 0 }

    /* T4 declare: a higher floor, also one above anything issued, and what is held. */
    :: atomic { till[t].length < ENTRIES && till[t].floor < NUMBERS -> select(k : 1 .. NUMBERS);
        if
        :: k > till[t].floor -> till[t].floor = k; write(DECLARE, k, till[t].held[0] + 2 * till[t].held[1])
        :: else
        fi;
        k = 0 }

    /* S2 book the next entry. */
    :: atomic { till[t].epoch == rows[t].epoch && rows[t].booked < till[t].length ->
        k = rows[t].booked; n = till[t].about[k];
        if
        :: till[t].kind[k] == REDEEM ->
            assert(rows[t].open[n] >= till[t].data[k]);
            rows[t].open[n] = rows[t].open[n] - till[t].data[k]; settled = settled + till[t].data[k]
        :: till[t].kind[k] == CLOSE -> bring_home(n)
        :: till[t].kind[k] == DECLARE ->
            if :: n > 0 && rows[t].is_open[0] && till[t].data[k] % 2 == 0 -> bring_home(0) :: else fi;
            if :: n > 1 && rows[t].is_open[1] && till[t].data[k] < 2 -> bring_home(1) :: else fi
        fi;
        if :: BREAK(forgets_what_it_booked) -> skip :: else -> rows[t].booked++ fi;
        assert(BOOKS_ADD_UP);
        n = 0; k = 0 }

    /* S3: nothing comes home because time has passed. */
    :: atomic { BREAK(takes_back_on_a_timer) -> select(n : 0 .. NUMBERS - 1); bring_home(n); n = 0 /* BREAK */ }

    /* S4 replace: one till loses its disk.  What the dead incarnation held stays charged. */
    :: atomic { !was_lost -> was_lost = 1;
        if
        :: BREAK(keeps_the_epoch) -> skip
        :: else ->
            if
            :: BREAK(frees_what_the_dead_held) -> free = free + rows[t].open[0] + rows[t].open[1]
            :: else -> settled = settled + rows[t].open[0] + rows[t].open[1]
            fi;
            rows[t].open[0] = 0; rows[t].open[1] = 0; rows[t].is_open[0] = 0; rows[t].is_open[1] = 0;
            till[t].epoch++; rows[t].epoch++; rows[t].next = 0; rows[t].booked = 0;
            /* The old epoch's mail is never accepted again; to forget it only shrinks the search. */
            if :: BREAK(ignores_the_epoch) -> skip :: else -> mail[t].to[0].is = 0; mail[t].to[1].is = 0 fi;
            assert(BOOKS_ADD_UP)
        fi;
        till[t].floor = 0; till[t].length = 0;
        for (n : 0 .. NUMBERS - 1) { till[t].held[n] = 0; till[t].seen[n] = 0; till[t].left[n] = 0 }
        for (k : 0 .. ENTRIES - 1) { till[t].kind[k] = 0; till[t].about[k] = 0; till[t].data[k] = 0 }
        n = 0; k = 0 }
    od
}
