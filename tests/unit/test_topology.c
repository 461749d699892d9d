/* SPDX-License-Identifier: GPL-2.0 */
/* Which CPU and which node: choices and refusals on machines made up here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "topology.h"

#define USABLE	(TG_CPU_PRESENT | TG_CPU_ONLINE | TG_CPU_ALLOWED)
#define GIB	(1LL << 30)

/* CPUs split evenly, a GiB a node, every other node at distance 20 from a node. */
static struct tg_topology *machine(int cpus, int nodes)
{
	struct tg_topology *t = tg_topology_new(cpus, nodes);
	int i;

	assert_non_null(t);
	for (i = 0; i < cpus; i++) {
		t->cpus[i] = USABLE;
		t->cpu_nodes[i] = i / (cpus / nodes);
	}
	for (i = 0; i < nodes; i++)
		t->nodes[i] = (struct tg_node){ .there = true, .bytes = GIB, .allowed = true };
	for (i = 0; i < nodes * nodes; i++)
		t->distances[i] = 20;
	return t;
}

static void apart(struct tg_topology *t, int a, int b, int distance)
{
	t->distances[a * t->nr_nodes + b] = distance;
	t->distances[b * t->nr_nodes + a] = distance;
}

static void lists(void **state)
{
	static const char *const bad[] = { "x", "1,", ",1", "1-", "-1", "3-2", "1 2", "1\n2", "0x1",
					   "+1", "1--2", "1-2-3", "2147483647", "99999999999999",
					   " 1", "1,,2", "\n\n" };
	unsigned char e[8];
	size_t i;

	(void)state;
	memset(e, 0, sizeof(e));
	assert_int_equal(tg_parse_list("0-2,5\n", e, 8, 2), 6);
	assert_memory_equal(e, "\2\2\2\0\0\2\0\0", 8);
	assert_int_equal(tg_parse_list("1,7", e, 8, 1), 8);
	assert_memory_equal(e, "\2\3\2\0\0\2\0\1", 8);
	/* beyond the entries: told, and written nowhere */
	memset(e, 0, sizeof(e));
	assert_int_equal(tg_parse_list("6-4000", e, 7, 1), 4001);
	assert_memory_equal(e, "\0\0\0\0\0\0\1\0", 8);
	assert_int_equal(tg_parse_list("0-1048575", NULL, 0, 1), 1048576);
	assert_int_equal(tg_parse_list("2147483646", NULL, 0, 1), 2147483647);
	assert_int_equal(tg_parse_list("", e, 8, 1), 0);
	assert_int_equal(tg_parse_list("\n", e, 8, 1), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (tg_parse_list(bad[i], e, 8, 1) != -1)
			fail_msg("'%s' is taken for a list", bad[i]);
}

static void cpus(void **state)
{
	struct tg_topology *t = machine(8, 2);
	char err[256];

	(void)state;
	t->cpus[5] &= ~TG_CPU_ONLINE & ~TG_CPU_ALLOWED;
	t->cpus[2] &= ~TG_CPU_ALLOWED;
	t->cpus[7] = 0;
	assert_int_equal(tg_check_cpu(t, 4, err, sizeof(err)), 0);
	assert_true(tg_cpu_usable(t, 6));
	assert_int_equal(tg_check_cpu(t, 5, err, sizeof(err)), -1);
	assert_string_equal(err, "--cpu 5 is offline; allowed: 0-1 3-4 6");
	assert_int_equal(tg_check_cpu(t, 2, err, sizeof(err)), -1);
	assert_string_equal(err, "--cpu 2 is not among the CPUs that this process may use (its affinity or cgroup); allowed: 0-1 3-4 6");
	assert_int_equal(tg_check_cpu(t, 7, err, sizeof(err)), -1);
	assert_string_equal(err, "--cpu 7: this machine has CPU 0-6; allowed: 0-1 3-4 6");
	assert_int_equal(tg_check_cpu(t, 65535, err, sizeof(err)), -1);
	assert_string_equal(err, "--cpu 65535: this machine has CPU 0-6; allowed: 0-1 3-4 6");
	assert_false(tg_cpu_usable(t, -1));
	tg_topology_free(t);
}

static void nodes_for_cpus(void **state)
{
	struct tg_topology *t = machine(8, 4);
	char err[256];
	int i;

	(void)state;
	/* node 1: none online; 2: none allowed; 3: not there */
	t->cpu_nodes[2] = -1;
	t->cpus[2] = t->cpus[3] = TG_CPU_PRESENT;
	t->cpu_nodes[3] = -1;
	for (i = 4; i < 6; i++)
		t->cpus[i] &= ~TG_CPU_ALLOWED;
	t->nodes[3].there = false;
	assert_int_equal(tg_check_cpu_node(t, 0, err, sizeof(err)), 0);
	assert_int_equal(tg_check_cpu_node(t, 1, err, sizeof(err)), -1);
	assert_string_equal(err, "--cpu node1: that node has no CPU online; allowed: node 0");
	assert_int_equal(tg_check_cpu_node(t, 2, err, sizeof(err)), -1);
	assert_string_equal(err, "--cpu node2: none of that node's CPUs is among those that this process may use (its affinity or cgroup); allowed: node 0");
	assert_int_equal(tg_check_cpu_node(t, 3, err, sizeof(err)), -1);
	assert_string_equal(err, "--cpu node3: this machine has node 0-2; allowed, since with a CPU: 0");
	assert_int_equal(tg_check_cpu_node(t, 4, err, sizeof(err)), -1);
	tg_topology_free(t);
}

static void memory_nodes(void **state)
{
	struct tg_topology *t = machine(4, 4);
	char err[256];

	(void)state;
	t->nodes[1].bytes = 0;
	t->nodes[2].allowed = false;
	assert_int_equal(tg_check_memory_node(t, 3, err, sizeof(err)), 0);
	assert_int_equal(tg_check_memory_node(t, 1, err, sizeof(err)), -1);
	assert_string_equal(err, "--mem-node 1: that node has no memory; allowed: 0 3");
	assert_int_equal(tg_check_memory_node(t, 2, err, sizeof(err)), -1);
	assert_string_equal(err, "--mem-node 2: that node's memory is not among what this process may use (its cpuset); allowed: 0 3");
	assert_int_equal(tg_check_memory_node(t, 9, err, sizeof(err)), -1);
	assert_string_equal(err, "--mem-node 9: this machine has node 0-3; allowed, since with memory: 0 3");
	/* a node of memory alone, as CXL has it, is as good as any */
	t->cpu_nodes[3] = 2;
	assert_int_equal(tg_check_memory_node(t, 3, err, sizeof(err)), 0);
	tg_topology_free(t);
}

static void distances(void **state)
{
	struct tg_topology *t = machine(4, 2);

	(void)state;
	apart(t, 0, 1, 32);
	assert_int_equal(tg_distance(t, 0, 1), 32);
	assert_int_equal(tg_distance(t, 1, 1), 10);
	assert_int_equal(tg_distance(t, 0, 2), 0);
	assert_int_equal(tg_distance(t, -1, 0), 0);
	assert_int_equal(tg_nodes_there(t), 2);
	t->nodes[0].there = false;
	assert_int_equal(tg_nodes_there(t), 1);
	assert_int_equal(tg_distance(t, 0, 0), 0);
	tg_topology_free(t);
}

static void local(void **state)
{
	struct tg_topology *t = machine(8, 4);

	(void)state;
	apart(t, 0, 1, 12);
	apart(t, 0, 2, 21);
	apart(t, 0, 3, 21);
	assert_int_equal(tg_local_node(t, 0), 0);
	assert_int_equal(tg_local_node(t, 7), 3);
	t->nodes[0].bytes = 0;
	assert_int_equal(tg_local_node(t, 0), 1);
	t->nodes[1].allowed = false;
	assert_int_equal(tg_local_node(t, 0), 2);	/* as far as 3: the lower */
	t->cpu_nodes[0] = -1;
	assert_int_equal(tg_local_node(t, 0), 2);	/* the lowest of all */
	assert_int_equal(tg_local_node(t, -1), 2);
	t->nodes[2].there = t->nodes[3].there = false;
	assert_int_equal(tg_local_node(t, 0), -1);
	tg_topology_free(t);
}

static void remote(void **state)
{
	struct tg_topology *t = machine(8, 4);
	char why[256] = "";

	(void)state;
	apart(t, 0, 1, 12);
	apart(t, 0, 2, 21);
	apart(t, 0, 3, 21);
	assert_int_equal(tg_remote_node(t, 0, why, sizeof(why)), 2);
	apart(t, 0, 3, 32);
	assert_int_equal(tg_remote_node(t, 0, why, sizeof(why)), 3);
	t->nodes[3].bytes = 0;
	t->nodes[2].allowed = false;
	assert_int_equal(tg_remote_node(t, 0, why, sizeof(why)), 1);
	/* its own has none: what is nearest is local, and not remote as well */
	t->nodes[0].bytes = 0;
	assert_int_equal(tg_local_node(t, 0), 1);
	assert_int_equal(tg_remote_node(t, 0, why, sizeof(why)), -1);
	assert_string_equal(why, "no memory is remote: of nodes 0-3 only 1 has any that may be used");
	t->cpu_nodes[0] = -1;
	assert_int_equal(tg_remote_node(t, 0, why, sizeof(why)), -1);
	assert_string_equal(why, "no memory is remote: CPU 0's node is not known");
	tg_topology_free(t);

	t = machine(2, 1);
	assert_int_equal(tg_remote_node(t, 1, why, sizeof(why)), -1);
	assert_string_equal(why, "this machine has one node: no memory is remote");
	tg_topology_free(t);
}

/* What a container sees of two nodes: that they are there. */
static void closed_nodes(void **state)
{
	struct tg_topology *t = tg_topology_new(2, 2);
	char err[256];
	int i;

	(void)state;
	t->closed = true;
	for (i = 0; i < 2; i++) {
		t->cpus[i] = USABLE;
		t->nodes[i].there = true;
	}
	assert_int_equal(tg_check_cpu(t, 1, err, sizeof(err)), 0);
	assert_int_equal(tg_nodes_there(t), 2);
	assert_int_equal(tg_local_node(t, 0), -1);
	assert_int_equal(tg_remote_node(t, 0, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "no memory is remote: the kernel lets this process choose no node"));
	assert_int_equal(tg_check_memory_node(t, 0, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "--mem-node 0: the kernel lets this process choose no node"));
	assert_int_equal(tg_check_cpu_node(t, 0, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "--cpu node0: the kernel lets this process choose no node"));
	tg_topology_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists), cmocka_unit_test(cpus), cmocka_unit_test(nodes_for_cpus),
		cmocka_unit_test(memory_nodes), cmocka_unit_test(distances),
		cmocka_unit_test(local), cmocka_unit_test(remote), cmocka_unit_test(closed_nodes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("topology", tests, NULL, NULL) ? 1 : 0;
}
