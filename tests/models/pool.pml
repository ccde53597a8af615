/* The store pool: it holds allowances of head office and lends parts of them to its tills by entries of its journal.

   Claim: a point that a customer received is never free at head office, whichever of the journals (the pool's, the
   tills') it learns first and however far; the books add up after every step; nothing waits for ever in a row of
   the books once all journals are booked.

   Head office learns the next entry of each journal at any time, or never; so does the pool of its tills' journals.
   The message of a LEND is the LEND itself: once journalled it may reach its till at any time, again, or never.
   That allowances reach the pool once, and bind an incarnation, is strict.pml's; a till that lost its disk does
   nothing more, so every till may stop anywhere.  The pool loses its disk once: a new incarnation takes its place. */
#include "breaking.h"
c_decl { enum RULES { SOUND, sends_before_it_journals, takes_back_on_a_timer, frees_what_is_lent_at_close,
                      takes_home_twice, redeems_from_row_and_allowance, lends_in_full_after_an_early_redeem,
                      lends_again_what_it_closed, frees_what_a_lost_pool_held, takes_home_what_another_lent,
                      declare_frees_what_is_lent, accepts_what_it_closed, has_no_floor, measures_only_what_is_open,
                      frees_the_row_at_a_tills_close }; };
#ifndef POINTS
#define POINTS 2
#endif
#ifndef WRITES
#define WRITES 4        /* entries of the pool's journal, in each of its lives */
#endif
#ifndef ENTRIES
#define ENTRIES 2       /* of a till's journal */
#endif
#define TILLS 2
#define GIVEN 2         /* allowances of head office to the pool */
#define LENDS 2

#define REDEEM 1
#define CLOSE 2
#define DECLARE 3
#define LEND 4
#define HOME 5

typedef Entry { byte kind; byte about; byte points };
typedef Journal { byte length; byte booked; Entry entry[WRITES] };
typedef TillJournal { byte length; byte booked; byte taken; byte floor; Entry entry[ENTRIES] };
typedef Given {         /* one allowance of head office: the pool's side, then the books' side */
    bit life; byte left; bit held;
    byte issued; byte spent;
    short open; bit is_closed           /* open falls below zero where a REDEEM is booked ahead of HOME and LEND */
};
typedef Lent {          /* one LEND: what it says, the till's side, the pool's side, head office's row */
    bit is; bit life; byte till; byte out_of; byte points;
    bit held; bit seen; byte left;
    byte spent; bit is_home;
    bit is_booked; byte row; byte early
};

bit life;               /* of the pool: its incarnation */
byte given_count; byte lent_count;
Given given[GIVEN]; Lent lent[LENDS]; Journal pool[2]; TillJournal till[TILLS];
byte free = POINTS; byte settled; byte handed_out;

#define BOOKED (free + settled + given[0].open + given[1].open + lent[0].row + lent[1].row)
#define BOOKS_ADD_UP (BOOKED == POINTS)
#define NOTHING_FREE_WAS_SPENT (free + handed_out <= POINTS)

/* Every journal is whole at head office, every till gave back, the pool closed: then all that is not spent is free. */
#define TILL_IS_DONE(t) (till[t].booked == till[t].length && till[t].taken == till[t].length)
#define LEND_IS_DONE(s) (!lent[s].is || lent[s].is_home)
#define ALL_IS_DONE (!life && pool[0].booked == pool[0].length && TILL_IS_DONE(0) && TILL_IS_DONE(1) && \
    LEND_IS_DONE(0) && LEND_IS_DONE(1) && !given[0].held && !given[1].held)
#define NOTHING_IS_STRANDED (!ALL_IS_DONE || free + handed_out == POINTS)

inline pool_writes(what, which, value) {
    pool[life].entry[pool[life].length].kind = what;
    pool[life].entry[pool[life].length].about = which;
    pool[life].entry[pool[life].length].points = value;
    pool[life].length++
}
inline till_writes(what, which, value) {
    till[t].entry[till[t].length].kind = what;
    till[t].entry[till[t].length].about = which;
    till[t].entry[till[t].length].points = value;
    till[t].length++
}
/* The pool takes home what a till has not spent: one entry, in the transaction that moves its mark. */
inline take_home(s) {
    pool_writes(HOME, s, lent[s].points - lent[s].spent);
    if
    :: given[lent[s].out_of].held || BREAK(lends_again_what_it_closed) ->
        given[lent[s].out_of].left = given[lent[s].out_of].left + lent[s].points - lent[s].spent
    :: else
    fi;
    lent[s].is_home = 1
}
#define IS_MINE(s) (lent[s].is && (lent[s].life == life || BREAK(takes_home_what_another_lent)))

active proctype World() {
    byte t; byte s; byte o; byte k; byte x;
    do
    /* Head office issues an allowance to the pool, as strict.pml does; it arrives. */
    :: atomic { free > 0 && given_count < GIVEN ->
        o = given_count; select(x : 1 .. POINTS);
        if
        :: x <= free ->
            free = free - x; given[o].issued = x; given[o].open = x;
            given[o].left = x; given[o].held = 1; given[o].life = life; given_count++
        :: else
        fi;
        o = 0; x = 0 }

    /* The pool lends: the LEND is durable before anything is sent. */
    :: atomic { lent_count < LENDS && pool[life].length < WRITES ->
        s = lent_count; select(o : 0 .. GIVEN - 1); select(t : 0 .. TILLS - 1); select(x : 1 .. POINTS);
        if
        :: given[o].life == life && x <= given[o].left && t <= s ->
            lent[s].is = 1; lent[s].life = life; lent[s].till = t; lent[s].out_of = o; lent[s].points = x; lent_count++;
            if
            :: BREAK(sends_before_it_journals) -> skip
            :: else -> given[o].left = given[o].left - x; pool_writes(LEND, s, x)
            fi
        :: else
        fi;
        s = 0; o = 0; t = 0; x = 0 }

    /* The pool is a till too: it redeems of its own allowance, closes it, declares what it holds. */
    :: atomic { pool[life].length < WRITES -> select(o : 0 .. GIVEN - 1);
        if
        :: given[o].life == life && given[o].left > 0 ->
            given[o].left--; pool_writes(REDEEM, o, 1); handed_out++; assert(NOTHING_FREE_WAS_SPENT)
        :: given[o].life == life && given[o].held ->
            pool_writes(CLOSE, o, 0); given[o].held = 0; given[o].left = 0
        :: BREAK(declare_frees_what_is_lent) -> pool_writes(DECLARE, o, 0) /* BREAK */
        :: else
        fi;
        o = 0 }

    /* The pool takes in the next entry of a till's journal, with its own HOME in the same transaction. */
    :: atomic { select(t : 0 .. TILLS - 1);
        if
        :: till[t].taken < till[t].length && pool[life].length < WRITES ->
            k = till[t].taken; s = till[t].entry[k].about;
            if
            :: till[t].entry[k].kind == REDEEM && IS_MINE(s) -> lent[s].spent++
            :: till[t].entry[k].kind == CLOSE && IS_MINE(s) && (!lent[s].is_home || BREAK(takes_home_twice)) ->
                take_home(s)
            :: till[t].entry[k].kind == DECLARE ->
                /* Every LEND of its own below the floor that the till does not hold; points has a bit for each held. */
                if
                :: IS_MINE(0) && !lent[0].is_home && lent[0].till == t && till[t].entry[k].points % 2 == 0 -> take_home(0)
                :: else
                fi;
                if
                :: IS_MINE(1) && s > 1 && !lent[1].is_home && lent[1].till == t && till[t].entry[k].points < 2 &&
                   pool[life].length < WRITES -> take_home(1)
                :: else
                fi
            :: else
            fi;
            if :: BREAK(takes_home_twice) && till[t].entry[k].kind == CLOSE -> skip :: else -> till[t].taken++ fi
        :: else
        fi;
        t = 0; s = 0; k = 0 }
    :: atomic { BREAK(takes_back_on_a_timer) -> select(s : 0 .. LENDS - 1);
        if
        :: lent[s].is && !lent[s].is_home && pool[life].length < WRITES -> take_home(s) /* BREAK */
        :: else
        fi;
        s = 0 }

    /* A till: receives a LEND once and above its floor, redeems, closes, declares. */
    :: atomic { select(s : 0 .. LENDS - 1); t = lent[s].till;
        if
        :: lent[s].is && (!lent[s].seen || (BREAK(accepts_what_it_closed) && !lent[s].held)) &&
           (s >= till[t].floor || BREAK(has_no_floor)) ->
            lent[s].seen = 1; lent[s].held = 1; lent[s].left = lent[s].points
        :: till[t].length < ENTRIES && lent[s].left > 0 ->
            lent[s].left--; till_writes(REDEEM, s, 1); handed_out++; assert(NOTHING_FREE_WAS_SPENT)
        :: till[t].length < ENTRIES && lent[s].held ->
            till_writes(CLOSE, s, 0); lent[s].held = 0; lent[s].left = 0
        :: else
        fi;
        s = 0; t = 0 }
    :: atomic { select(t : 0 .. TILLS - 1); select(k : 1 .. LENDS);
        if
        :: till[t].length < ENTRIES && k > till[t].floor ->
            till[t].floor = k;
            till_writes(DECLARE, k, (lent[0].till == t && lent[0].held) + 2 * (lent[1].till == t && lent[1].held))
        :: else
        fi;
        t = 0; k = 0 }

    /* Head office books the next entry of the pool's living incarnation. */
    :: atomic { pool[life].booked < pool[life].length ->
        k = pool[life].booked; o = pool[life].entry[k].about; x = pool[life].entry[k].points;
        if
        :: pool[life].entry[k].kind == REDEEM ->
            given[o].open = given[o].open - x; given[o].spent = given[o].spent + x; settled = settled + x;
            assert(given[o].spent <= given[o].issued)
        :: pool[life].entry[k].kind == CLOSE ->
            assert(given[o].open >= 0);
            free = free + given[o].open; given[o].open = 0; given[o].is_closed = 1;
            for (s : 0 .. LENDS - 1) {
                if
                :: BREAK(frees_what_is_lent_at_close) && lent[s].out_of == o -> free = free + lent[s].row; lent[s].row = 0 /* BREAK */
                :: else
                fi
            }
        :: pool[life].entry[k].kind == LEND ->
            s = o; o = lent[s].out_of;
            if :: BREAK(lends_in_full_after_an_early_redeem) -> skip :: else -> x = x - lent[s].early fi;
            given[o].open = given[o].open - x; lent[s].row = x; lent[s].is_booked = 1
        :: pool[life].entry[k].kind == HOME ->
            s = o; o = lent[s].out_of;
            assert(lent[s].row >= x);
            lent[s].row = lent[s].row - x;
            if :: given[o].is_closed -> free = free + x :: else -> given[o].open = given[o].open + x fi
        :: pool[life].entry[k].kind == DECLARE -> free = free + lent[0].row; lent[0].row = 0 /* BREAK */
        fi;
        pool[life].booked++;
        assert(BOOKS_ADD_UP); assert(NOTHING_FREE_WAS_SPENT); assert(NOTHING_IS_STRANDED);
        k = 0; o = 0; s = 0; x = 0 }

    /* Head office books the next entry of a till: from the LEND's row, or before that row is there from the
       pool's allowance, by the till's own evidence.  CLOSE and DECLARE of what a pool lent move nothing here. */
    :: atomic { select(t : 0 .. TILLS - 1);
        if
        :: till[t].booked < till[t].length ->
            k = till[t].booked; s = till[t].entry[k].about;
            if
            :: till[t].entry[k].kind == REDEEM ->
                o = lent[s].out_of;
                if
                :: lent[s].is_booked ->
                    assert(lent[s].row > 0); lent[s].row--;
                    if :: BREAK(redeems_from_row_and_allowance) -> given[o].open-- :: else fi
                :: else ->
                    if
                    :: BREAK(measures_only_what_is_open) -> assert(given[o].open > 0)
                    :: else
                    fi;
                    given[o].open--; lent[s].early++
                fi;
                settled++; given[o].spent++;
                assert(given[o].spent <= given[o].issued)
            :: till[t].entry[k].kind == CLOSE && BREAK(frees_the_row_at_a_tills_close) ->
                free = free + lent[s].row; lent[s].row = 0 /* BREAK */
            :: else
            fi;
            till[t].booked++;
            assert(BOOKS_ADD_UP); assert(NOTHING_FREE_WAS_SPENT); assert(NOTHING_IS_STRANDED)
        :: else
        fi;
        t = 0; k = 0; s = 0; o = 0 }

    /* The pool loses its disk.  All that was open stays charged, also what no LEND is known of. */
    :: atomic { !life -> life = 1;
        for (o : 0 .. GIVEN - 1) {
            if
            :: BREAK(frees_what_a_lost_pool_held) -> free = free + given[o].open; given[o].open = 0 /* BREAK */
            :: else
            fi;
            given[o].left = 0; given[o].held = 0
        }
        till[0].taken = 0; till[1].taken = 0; lent[0].spent = 0; lent[1].spent = 0; lent[0].is_home = 0; lent[1].is_home = 0;
        o = 0;
        assert(NOTHING_FREE_WAS_SPENT) }
    od
}
