/* Head office comes back from an older backup of its books.  What it gave stands in its own journal, what it
   received in the tills' segments; both lie on another disk and are written before anybody hears of them.

   Claim: a point that a customer received is never free, also after the restore; the books add up; what was
   acknowledged is here; once all is booked and closed nothing is left in a row.  Free points may stand below zero
   until the journals are booked again: what is put back was given out of points that came home in between.

   A restore brings the backup's books, then what the own journal knows beyond them.  A till deletes what was
   acknowledged, so head office's copy is the only one. */
#include "breaking.h"
c_decl { enum RULES { SOUND, has_no_own_journal, sends_before_it_writes, keeps_the_mark_apart_from_the_books,
                      acknowledges_before_it_is_durable, puts_back_what_the_books_know }; };
#ifndef POINTS
#define POINTS 2
#endif
#ifndef ENTRIES
#define ENTRIES 4
#endif
#define NUMBERS 2
#define REDEEM 1
#define CLOSE 2

typedef Entry { byte kind; byte about };
typedef Books { short free; byte settled; byte open[NUMBERS]; byte next; byte own; byte booked };
Books books; Books backup; bit has_backup; bit was_restored;
byte own_length; byte own_points[NUMBERS];              /* head office's own journal: ALLOW n, in order */
byte received; byte durable;                            /* of the till's journal: in memory, in its segment */
byte acknowledged;                      /* the till no longer has what was acknowledged */
byte left[NUMBERS]; bit held[NUMBERS]; bit seen[NUMBERS]; bit sent[NUMBERS]; byte sent_points[NUMBERS];
byte length; Entry journal[ENTRIES];
byte handed_out;

#define BOOKS_ADD_UP (books.free + books.settled + books.open[0] + books.open[1] == POINTS)
#define NOTHING_FREE_WAS_SPENT (books.free + handed_out <= POINTS)

#define ALL_IS_HOME(n) (!sent[n] || (seen[n] && !held[n]))
#define NOTHING_IS_STRANDED (books.booked < length || !ALL_IS_HOME(0) || !ALL_IS_HOME(1) || books.free + handed_out == POINTS)
#define WHAT_WAS_ACKNOWLEDGED_IS_HERE (received >= acknowledged)
inline check() {
    assert(BOOKS_ADD_UP); assert(NOTHING_FREE_WAS_SPENT);
    assert(NOTHING_IS_STRANDED); assert(WHAT_WAS_ACKNOWLEDGED_IS_HERE)
}

inline copy(from, to) {
    to.free = from.free; to.settled = from.settled; to.open[0] = from.open[0]; to.open[1] = from.open[1];
    to.next = from.next; to.own = from.own; to.booked = from.booked
}
inline put_back(number) {
    books.free = books.free - own_points[number]; books.open[number] = books.open[number] + own_points[number];
    books.next = number + 1; books.own = number + 1
}

active proctype World() {
    byte n; byte x;
    books.free = POINTS;
    do
    /* S1: own journal first, then the books, then the message. */
    :: atomic { books.free > 0 && books.next < NUMBERS -> n = books.next; select(x : 1 .. POINTS);
        if
        :: x <= books.free && !sent[n] ->
            if
            :: BREAK(has_no_own_journal) -> skip
            :: BREAK(sends_before_it_writes) && own_length == n -> skip
            :: else -> own_points[n] = x; own_length = n + 1; books.own = n + 1
            fi;
            books.free = books.free - x; books.open[n] = x; books.next++;
            sent[n] = 1; sent_points[n] = x
        :: else
        fi;
        n = 0; x = 0 }

    :: atomic { select(n : 0 .. NUMBERS - 1);
        if
        :: sent[n] && !seen[n] -> seen[n] = 1; held[n] = 1; left[n] = sent_points[n]
        :: left[n] > 0 && length < ENTRIES ->
            left[n]--; journal[length].kind = REDEEM; journal[length].about = n; length++;
            handed_out++; assert(NOTHING_FREE_WAS_SPENT)
        :: held[n] && length < ENTRIES ->
            held[n] = 0; left[n] = 0; journal[length].kind = CLOSE; journal[length].about = n; length++
        :: else
        fi;
        n = 0 }

    /* PUSH and ACK: durable in the segment before the till hears of it and forgets. */
    :: atomic { received < length ->
        received++; if :: BREAK(acknowledges_before_it_is_durable) -> skip :: else -> durable = received fi;
        acknowledged = received }
    :: atomic { durable < received -> durable = received /* BREAK */ }

    :: atomic { books.booked < received -> n = journal[books.booked].about;
        if
        :: journal[books.booked].kind == REDEEM ->
            assert(books.open[n] > 0); books.open[n]--; books.settled++
        :: else -> books.free = books.free + books.open[n]; books.open[n] = 0
        fi;
        books.booked++; check();
        n = 0 }

    :: atomic { !has_backup -> has_backup = 1; copy(books, backup) }
    :: atomic { has_backup && !was_restored -> was_restored = 1;
        n = books.booked;
        copy(backup, books);
        if :: BREAK(keeps_the_mark_apart_from_the_books) -> books.booked = n :: else fi;
        n = 0;
        if :: BREAK(puts_back_what_the_books_know) -> books.own = 0 :: else fi;
        if :: books.own < 1 && own_length > 0 -> put_back(0) :: else fi;
        if :: books.own < 2 && own_length > 1 -> put_back(1) :: else fi;
        received = durable;
        check() }
    od
}
