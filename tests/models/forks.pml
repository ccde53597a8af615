/* Forks: a disk is copied, and two machines go on as one incarnation.  The protocol assumes that nobody does this;
   here somebody does.

   Claim: head office takes and books one chain, never a mixture of two; once it has met an entry of either machine
   past the copying it knows of the fork and gives nothing more; customers receive at most what the copy held and
   what was given before the fork was known beyond what the member has.

   An entry's hash stands for all before it: entry k of two journals is the same only before the copying. */
#include "breaking.h"
c_decl { enum RULES { SOUND, takes_any_entry_of_the_right_number, skips_without_comparing, gives_to_a_fork }; };
#ifndef POINTS
#define POINTS 3
#endif
#ifndef ENTRIES
#define ENTRIES 3
#endif
#define MACHINES 2
#define NUMBERS 2
#define REDEEM 1
#define CLOSE 2

#define COMMON 2        /* who wrote an entry: machine 0, machine 1, or both before they were two */

typedef Entry { byte kind; byte about };
typedef Machine {
    byte left[NUMBERS]; bit held[NUMBERS]; bit seen[NUMBERS];
    byte length; Entry journal[ENTRIES]
};
Machine machine[MACHINES];
bit is_copied; byte common;             /* how many entries the machines share */
byte received; byte writer[ENTRIES]; byte booked; bit is_fork_known; bit is_met[MACHINES];
byte free = POINTS; byte settled; byte open[NUMBERS]; byte points[NUMBERS]; byte next;
byte handed_out; byte doubled;          /* doubled is what both machines hold or may come to hold */

#define WRITER(m, k) ((k < common || !is_copied) -> COMMON : m)
#define BOOKS_ADD_UP (free + settled + open[0] + open[1] == POINTS)

active proctype World() {
    byte m; byte n; byte k; byte x;
    do
    :: atomic { free > 0 && next < NUMBERS && (!is_fork_known || BREAK(gives_to_a_fork)) ->
        n = next; select(x : 1 .. POINTS);
        if
        :: x <= free ->
            free = free - x; open[n] = x; points[n] = x; next++;
            if :: !is_fork_known -> doubled = doubled + x :: else fi
        :: else
        fi;
        n = 0; x = 0 }

    :: atomic { select(m : 0 .. MACHINES - 1); select(n : 0 .. NUMBERS - 1);
        if
        :: m > is_copied
        :: m <= is_copied && n < next && !machine[m].seen[n] ->
            machine[m].seen[n] = 1; machine[m].held[n] = 1; machine[m].left[n] = points[n]
        :: m <= is_copied && machine[m].left[n] > 0 && machine[m].length < ENTRIES ->
            machine[m].left[n]--; k = machine[m].length;
            machine[m].journal[k].kind = REDEEM; machine[m].journal[k].about = n; machine[m].length++;
            handed_out++;
            assert(handed_out <= POINTS + (is_copied -> doubled : 0))
        :: m <= is_copied && machine[m].held[n] && machine[m].length < ENTRIES ->
            machine[m].held[n] = 0; machine[m].left[n] = 0; k = machine[m].length;
            machine[m].journal[k].kind = CLOSE; machine[m].journal[k].about = n; machine[m].length++
        :: else
        fi;
        m = 0; n = 0; k = 0 }

    /* Somebody copies the disk.  What was given and is spent or closed by now is not held twice. */
    :: atomic { !is_copied -> is_copied = 1; common = machine[0].length;
        machine[1].length = machine[0].length; doubled = 0;
        for (n : 0 .. NUMBERS - 1) {
            machine[1].left[n] = machine[0].left[n]; machine[1].held[n] = machine[0].held[n];
            machine[1].seen[n] = machine[0].seen[n];
            doubled = doubled + (machine[0].seen[n] -> machine[0].left[n] : points[n])
        }
        for (k : 0 .. ENTRIES - 1) {
            machine[1].journal[k].kind = machine[0].journal[k].kind; machine[1].journal[k].about = machine[0].journal[k].about
        }
        n = 0; k = 0 }

    /* A machine pushes any entry of its journal, with the hash of all before it. */
    :: atomic { select(m : 0 .. MACHINES - 1); select(k : 0 .. ENTRIES - 1);
        if
        :: m > is_copied || k >= machine[m].length || k > received || is_fork_known
        :: m <= is_copied && k < machine[m].length && k < received && !is_fork_known ->
            if :: WRITER(m, k) != COMMON -> is_met[m] = 1 :: else fi;
            if :: writer[k] != WRITER(m, k) && !BREAK(skips_without_comparing) -> is_fork_known = 1 :: else fi
        :: m <= is_copied && k < machine[m].length && k == received && !is_fork_known ->
            if :: WRITER(m, k) != COMMON -> is_met[m] = 1 :: else fi;
            if
            :: k > 0 && writer[k - 1] != WRITER(m, k - 1) && !BREAK(takes_any_entry_of_the_right_number) ->
                is_fork_known = 1
            :: else -> writer[k] = WRITER(m, k); received++
            fi
        :: else
        fi;
        assert(!is_met[0] || !is_met[1] || is_fork_known);
        m = 0; k = 0 }

    :: atomic { booked < received ->
        k = booked; m = (writer[k] == COMMON -> 0 : writer[k]); n = machine[m].journal[k].about;
        if
        :: machine[m].journal[k].kind == REDEEM -> assert(open[n] > 0); open[n]--; settled++
        :: else -> free = free + open[n]; open[n] = 0
        fi;
        booked++; assert(BOOKS_ADD_UP);
        m = 0; n = 0; k = 0 }
    od
}
