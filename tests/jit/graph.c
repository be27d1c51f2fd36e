/* graph.c: making graphs, replacing nodes, and the order of blocks. */
#include "graph.h"
#include <criterion/criterion.h>

/* A graph of n blocks; each pair of letters in `edges` is an edge, 'a' the entry. */
static tz_graph *make(uint32_t n, const char *edges, jmp_buf *escape) {
  tz_graph *g = tz_graph_new(NULL, NULL, TZ_NO_OSR);
  g->escape = escape;
  while (g->n_blocks < n) tz_block_new(g);
  tz_block **blocks = tz_graph_alloc(g, n * sizeof *blocks);
  memcpy(blocks, g->blocks, n * sizeof *blocks);
  for (; *edges; edges += 2 + (edges[2] == ' '))
    tz_block_link(g, blocks[edges[0] - 'a'], blocks[edges[1] - 'a']);
  return g;
}

static tz_block *block(tz_graph *g, char name) {
  for (uint32_t i = 0; i < g->n_blocks; i++)
    if (g->blocks[i]->id == (uint32_t)(name - 'a')) return g->blocks[i];
  return NULL;
}

static void expect_dominator(tz_graph *g, char of, char dominator) {
  cr_expect_eq(block(g, of)->dominator, block(g, dominator), "dominator of %c", of);
}

Test(graph, order_of_a_diamond) {
  jmp_buf escape;
  cr_assert_eq(setjmp(escape), 0);
  tz_graph *g = make(4, "ab ac bd cd", &escape);
  cr_assert(tz_graph_order(g));
  for (uint32_t i = 0; i < 4; i++) cr_expect_eq(g->blocks[i]->order, i);
  cr_expect_eq(g->blocks[1], block(g, 'b'), "where the condition holds comes first");
  for (const char *c = "bcd"; *c; c++) expect_dominator(g, *c, 'a');
  cr_expect(tz_block_dominates(g->entry, block(g, 'd')));
  cr_expect(tz_block_dominates(block(g, 'd'), block(g, 'd')));
  cr_expect_not(tz_block_dominates(block(g, 'b'), block(g, 'd')));
  cr_expect_not(tz_block_dominates(block(g, 'b'), block(g, 'c')));
  tz_graph_free(g);
}

/* a → b(outer) → c(inner) ⇄ d, c → e → b, e → f, f → g(second) ⇄ g, g → h */
Test(graph, loops_within_loops) {
  jmp_buf escape;
  cr_assert_eq(setjmp(escape), 0);
  tz_graph *g = make(8, "ab bc cd ce dc eb ef fg gh gg", &escape);
  cr_assert(tz_graph_order(g));
  static const char loops[] = "-bccb-g-", depths[] = "01221010";
  for (uint32_t i = 0; i < 8; i++) {
    tz_block *b = block(g, (char)('a' + i));
    cr_expect_eq(b->loop, loops[i] == '-' ? NULL : block(g, loops[i]), "loop of %c", 'a' + i);
    cr_expect_eq(b->loop_depth, (uint32_t)(depths[i] - '0'), "depth of %c", 'a' + i);
    cr_expect_eq(b->is_loop_header, strchr("bcg", 'a' + (int)i) != NULL, "%c heads a loop", 'a' + i);
  }
  cr_expect_eq(block(g, 'c')->outer_loop, block(g, 'b'));
  cr_expect_null(block(g, 'b')->outer_loop);
  expect_dominator(g, 'h', 'g');
  expect_dominator(g, 'e', 'c');
  cr_expect(tz_block_dominates(block(g, 'b'), block(g, 'h')));
  cr_expect_not(tz_block_dominates(block(g, 'd'), block(g, 'e')));
  tz_graph_free(g);
}

Test(graph, a_loop_with_two_entries_is_refused) {
  jmp_buf escape;
  cr_assert_eq(setjmp(escape), 0);
  tz_graph *g = make(4, "ab ac bc cb cd", &escape);
  cr_expect_not(tz_graph_order(g));
  tz_graph_free(g);
}

Test(graph, unreachable_blocks_leave_with_their_phi_inputs) {
  jmp_buf escape;
  cr_assert_eq(setjmp(escape), 0);
  tz_graph *g = make(5, "ad bd bc cd db de", &escape); /* c is reached from b alone, b from d */
  tz_block *d = block(g, 'd'), *b = block(g, 'b');
  tz_node *phi = tz_node_new(g, TZ_NODE_PHI, TZ_TYPE_INT, 0);
  tz_block_append(d, phi);
  tz_node *values[3];
  for (uint32_t i = 0; i < 3; i++) {
    values[i] = tz_node_new(g, TZ_NODE_INT, TZ_TYPE_INT, 0);
    tz_block_append(g->entry, values[i]);
    tz_phi_add_input(g, phi, values[i]);
  }
  tz_block_unlink(b, block(g, 'c'));
  cr_assert(tz_graph_order(g));
  cr_expect_eq(g->n_blocks, 4u);
  cr_assert_eq(phi->n_inputs, 2);
  cr_expect_eq(phi->inputs[0], values[0]);
  cr_expect_eq(phi->inputs[1], values[1]);
  cr_expect_eq(d->n_predecessors, 2u);
  cr_expect(d->is_loop_header);
  tz_graph_free(g);
}

Test(graph, many_edges_and_inputs) {
  enum { N = 1000 };
  jmp_buf escape;
  cr_assert_eq(setjmp(escape), 0);
  tz_graph *g = make(2, "", &escape);
  tz_block *from = g->blocks[0], *to = g->blocks[1];
  tz_node *phi = tz_node_new(g, TZ_NODE_PHI, TZ_TYPE_INT, 0), *values[N];
  tz_block_append(to, phi);
  for (uint32_t i = 0; i < N; i++) {
    tz_block_link(g, from, to);
    tz_phi_add_input(g, phi, values[i] = tz_node_new(g, TZ_NODE_INT, TZ_TYPE_INT, 0));
  }
  tz_block_unlink(from, to);
  cr_expect_eq(phi->n_inputs, N - 1);
  cr_expect_eq(from->n_successors, (uint32_t)N - 1);
  cr_expect_eq(to->n_predecessors, (uint32_t)N - 1);
  for (uint32_t i = 0; i < N - 1; i++) cr_assert_eq(phi->inputs[i], values[i]);
  tz_graph_free(g);
}

Test(graph, nodes_in_their_order) {
  jmp_buf escape;
  cr_assert_eq(setjmp(escape), 0);
  tz_graph *g = make(1, "", &escape);
  tz_node *n[3];
  for (uint32_t i = 0; i < 3; i++) n[i] = tz_node_new(g, TZ_NODE_INT, TZ_TYPE_INT, 0);
  tz_block_append(g->entry, n[2]);
  tz_node_insert_before(n[2], n[0]);
  tz_node_insert_before(n[2], n[1]);
  cr_expect_eq(g->entry->first, n[0]);
  cr_expect_eq(n[0]->next, n[1]);
  cr_expect_eq(n[1]->previous, n[0]);
  cr_expect_eq(g->entry->last, n[2]);
  tz_node_remove(n[1]);
  cr_expect_eq(n[0]->next, n[2]);
  cr_expect_eq(n[2]->previous, n[0]);
  tz_node_remove(n[2]);
  tz_node_remove(n[0]);
  cr_expect_null(g->entry->first);
  cr_expect_null(g->entry->last);
  tz_graph_free(g);
}

Test(graph, replacements_reach_states_and_virtual_objects) {
  jmp_buf escape;
  cr_assert_eq(setjmp(escape), 0);
  tz_graph *g = make(1, "", &escape);
  tz_node *a = tz_node_new(g, TZ_NODE_INT, TZ_TYPE_INT, 0), *b = tz_node_new(g, TZ_NODE_INT, TZ_TYPE_INT, 0),
          *c = tz_node_new(g, TZ_NODE_INT, TZ_TYPE_INT, 0);
  tz_block_append(g->entry, a);
  tz_block_append(g->entry, b);
  tz_block_append(g->entry, c);
  tz_node *object = tz_node_new(g, TZ_NODE_VIRTUAL, TZ_TYPE_REF, 2);
  object->inputs[0] = a;
  object->inputs[1] = object; /* names itself */
  tz_frame_state *state = tz_graph_alloc(g, sizeof *state), *outer = tz_graph_alloc(g, sizeof *outer);
  *outer = (tz_frame_state){.n = 1, .values = tz_graph_alloc(g, sizeof(tz_node *))};
  *state = (tz_frame_state){.outer = outer, .n = 2, .values = tz_graph_alloc(g, 2 * sizeof(tz_node *))};
  outer->values[0] = b;
  state->values[1] = object;
  tz_frame_state *copy = tz_frame_state_copy(g, state, true);
  cr_expect_neq(copy->outer, outer);
  tz_node *guard = tz_node_new(g, TZ_NODE_GUARD, TZ_TYPE_VOID, 1);
  guard->inputs[0] = a;
  guard->state = state;
  tz_block_append(g->entry, guard);
  tz_node_replace(a, b); /* a → b → c */
  tz_node_replace(b, c);
  tz_graph_apply_replacements(g);
  cr_expect_eq(g->entry->first, c);
  cr_expect_eq(guard->inputs[0], c);
  cr_expect_eq(outer->values[0], c);
  cr_expect_null(state->values[0]);
  cr_expect_eq(object->inputs[0], c);
  cr_expect_eq(object->inputs[1], object);
  cr_expect_eq(copy->outer->values[0], b, "a copy that hangs on no node stays as it was");
  tz_graph_free(g);
}

Test(graph, the_limit_leads_to_escape) {
  jmp_buf escape;
  tz_graph *volatile g = tz_graph_new(NULL, NULL, TZ_NO_OSR);
  if (setjmp(escape) == 0) {
    g->escape = &escape;
    g->max_bytes = 1 << 20;
    for (;;) tz_node_new(g, TZ_NODE_INT, TZ_TYPE_INT, 0);
  }
  cr_expect_gt(g->n_nodes, 1000u);
  tz_graph_free(g);
}

/* Every allocation is asked for in one place, so it is enough that the builder and the passes set g->escape.
 */
Test(graph, takes_no_more_memory_than_it_may) {
  jmp_buf escape;
  volatile uint32_t n = 0;
  tz_graph *g = make(2, "ab", &escape);
  g->max_bytes = 1 << 20;
  if (setjmp(escape) == 0)
    for (;; n++) tz_block_append(g->entry, tz_node_new(g, TZ_NODE_INT, TZ_TYPE_INT, 0));
  cr_expect_gt(n, 1000);
  cr_expect_lt(n, (1 << 20) / sizeof(tz_node) + 1);
  tz_graph_free(g);
}
