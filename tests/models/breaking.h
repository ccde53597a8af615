/* BREAK(rule) is true where the checker was told to switch that rule off: the environment's BREAK holds its
   number in the model's own list, RULES.  One compiled checker so tries the protocol and every broken form of it. */
c_decl {
\#include <stdlib.h>
static int broken_rule = -1;
static int told_rule(void) {
    if (broken_rule < 0) { const char *told = getenv("BREAK"); broken_rule = told ? atoi(told) : 0; }
    return broken_rule;
}
\#define BROKEN told_rule()
};
#define BREAK(rule) (c_expr { BROKEN == rule })
