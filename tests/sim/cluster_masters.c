/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "format/vote.h"
#include "master_kit.h"
#include "namespace/region.h"
#include "sim/cluster.h"

enum {
	SERVICE_PORT = 19998,
	RESTART_US_MAX = 2000000,
	START_US_MAX = 100000,
	LATE_US_MAX = 8000000,
	ORDER_US = 3000000,
	FORMAT_OPERATIONS = 40,
	SECOND_MS = 1000,
	RESERVED_LESS = 64, /* times; as little as a machine may give */
};

/* ---- options ---- */

bool master_packs(const struct slot *slot)
{
	return slot->number % 2 == 1;
}

/* Texts live as long as the cluster.  Who is alone has no list. */
static void fill_replication(struct slot *slot, struct journal_replication *to,
                             const char **addresses)
{
	struct cluster *cluster = slot->cluster;

	*to = (struct journal_replication){
	        .address = slot->address,
	        .service_address = slot->service_address,
	        .addresses = addresses,
	        .election_min_ms = 200,
	        .clock_skew_max_ms = 10000,
	        .election_max_ms = 300,
	        .heartbeat_ms = 33,
	        .retry_ms = 50,
	        .silence_ms = 5000,
	        .message_bytes_max = 256 << 10,
	        .append_bytes_max = 32 << 10,
	        .window_bytes_max = 128 << 10,
	        .chunk_bytes_max = 8 << 10,
	        .packs_pieces = master_packs(slot),
	        .pack_level = 1,
	        .tail_bytes_max = cluster->has_small_tail ? 16 << 10 : 1 << 20,
	        .reads_by_lease = cluster->reads_by_lease,
	        .digest_every = cluster->digest_every,
	        .syncs_behind = cluster->syncs_behind,
	        .first_kind = ENTRY_cluster,
	        .first_payload = buf_str(&cluster->first),
	        .skip_kind = ENTRY_skip_ids,
	        .skip_payload = buf_str(&cluster->skip),
	        .leap_payload = buf_str(&cluster->leap),
	};
	for (unsigned i = 0; i < cluster->slot_count && !cluster->is_lone_kind; i++) {
		const struct slot *other = &cluster->slots[i];

		if (other == slot ||
		    (other->state != SLOT_UNUSED && !(slot->came_together && other->came_together)))
			addresses[to->address_count++] = other->address;
	}
}

static void on_role(void *context, enum master_role role)
{
	struct slot *slot = context;

	slot->role = role;
	slot->has_new_role = true;
	cluster_say(slot->cluster, "m%u is %s", slot->number + 1, master_role_name(role));
}

static void on_failure(void *context, int rc, const char *text)
{
	struct slot *slot = context;
	bool is_astray = rc == -ERR_IO && strstr(text, "cannot write the vote record");

	cluster_say(slot->cluster, "m%u cannot go on (%s): %s", slot->number + 1, err_name(rc),
	            text);
	slot->is_out = rc == -ERR_FOREIGN;
	slot->has_forgotten = rc == -ERR_DAMAGED && strstr(text, "what this master promised");
	if (slot->is_out && slot->was_leaving)
		slot->is_leaving = true;
	else if (rc == -ERR_DAMAGED && slot->is_rotten && slot->cluster->is_lone_kind)
		slot->cluster->ends_here = true; /* nobody else has what is lost */
	else if (!slot->may_be_damaged && !(slot->is_rotten && (slot->has_forgotten || is_astray)))
		cluster_wrong(slot->cluster, "m%u cannot go on (%s): %s", slot->number + 1,
		              err_name(rc), text);
	slot->has_failed = true;
}

struct formatted {
	struct slot *slot;
	bool is_whole;
};

static void step_format(void *context)
{
	struct slot *slot = context;
	struct journal_format_options options = {.io = sim_machine_start(slot->machine),
	                                         .folder = SIM_KIT_FOLDER,
	                                         .is_member = true};
	char *text = NULL;
	int rc;

	if (slot->cluster->is_lone_kind)
		rc = kit_format(options.io, SIM_KIT_FOLDER, "root", &text);
	else
		rc = journal_format(&options, &text);
	if (rc < 0)
		cluster_wrong(slot->cluster, "cannot be formatted (%s): %s", err_name(rc), text);
	mem_free(text);
}

/* The linker puts this in the way (--wrap=region_init): what processes that died had reserved stays
 * behind, and hundreds of them would use up the address space. */
void __real_region_init(struct region *region, size_t size);
void __wrap_region_init(struct region *region, size_t size);
void __wrap_region_init(struct region *region, size_t size)
{
	__real_region_init(region, size / RESERVED_LESS);
}

static void step_create(void *context)
{
	struct slot *slot = context;
	struct master_options options = sim_kit_options(sim_machine_start(slot->machine));
	const char *addresses[CLUSTER_SLOTS_MAX];
	struct journal_replication replication;
	char *text = NULL;
	int rc;

	options.context = slot;
	options.on_role = on_role;
	options.on_failure = on_failure;
	options.hold_ms = slot->cluster->hold_ms;
	options.startup_safe_mode_ms = 3000;
	options.journal.checkpoint_entries = slot->cluster->checkpoint_entries;
	fill_replication(slot, &replication, addresses);
	options.journal.replication = &replication;
	rc = master_create(&options, &slot->master, &text);
	if (rc < 0)
		on_failure(slot, rc, text);
	mem_free(text);
}

/* ---- life ---- */

void master_start(struct slot *slot)
{
	CHECK(slot->state == SLOT_DOWN);
	slot->state = SLOT_RUNNING;
	slot->start_us = 0;
	slot->role = MASTER_STANDBY;
	slot->master = NULL;
	slot->has_failed = false;
	slot->owes_claim = true;
	slot->generation++;
	cluster_say(slot->cluster, "m%u starts", slot->number + 1);
	sim_machine_run(slot->machine, step_create, slot);
}

static void went_down(struct slot *slot)
{
	bool was_taken_out = slot->is_out && slot->is_leaving;

	slot->state = SLOT_DOWN;
	slot->has_failed = slot->is_out = slot->may_be_damaged = false;
	slot->will_err = slot->is_wrong = slot->knows = false;
	slot->role = MASTER_STANDBY;
	slot->master = NULL;
	slot->resume_us = 0;
	slot->start_us = was_taken_out
	                         ? UINT64_MAX
	                         : sim_world_now_us(slot->cluster->world) +
	                                   random_below(&slot->cluster->random, RESTART_US_MAX);
	clients_lose(slot);
}

bool master_may_lose_power(const struct slot *slot)
{
	const struct cluster *cluster = slot->cluster;
	unsigned members = 0, owing = 1;

	if (!cluster->syncs_behind)
		return true;
	if (cluster->healed & 1u << slot->number)
		return false; /* what it lost may have to come from one that is not */
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		const struct slot *other = &cluster->slots[i];

		members += other->state != SLOT_UNUSED;
		owing += other != slot && other->owes;
	}
	return owing <= (members - 1) / 2;
}

/* What a dead process leaves behind stays in ours.  Of address space that would be too much: some
 * 340 namespaces fit. */
static void give_back_address_space(const struct slot *slot)
{
	struct namespace *ns = slot->master == NULL ? NULL : master_namespace(slot->master);

	if (ns != NULL && !ns_is_held(ns))
		ns_destroy(ns);
}

static void end_process(struct slot *slot, bool power_cut)
{
	inside_note_claim(slot);
	if (power_cut && slot->cluster->syncs_behind) {
		slot->owes = true;
		slot->owed = history_last(&slot->cluster->history);
	}
	sim_machine_kill(slot->machine, power_cut);
	give_back_address_space(slot);
	went_down(slot);
}

void master_stop(struct slot *slot, bool power_cut)
{
	CHECK(slot->state == SLOT_RUNNING || slot->state == SLOT_CLOSING);
	cluster_say(slot->cluster, "m%u: %s", slot->number + 1, power_cut ? "power cut" : "kill");
	end_process(slot, power_cut);
}

static void on_closed(void *context)
{
	((struct slot *)context)->is_closed = true;
}

static void step_close(void *context)
{
	struct slot *slot = context;

	master_close(slot->master, on_closed, slot);
}

static void step_destroy(void *context)
{
	struct slot *slot = context;
	struct master *master = slot->master;

	inside_note_claim(slot);
	slot->master = NULL; /* it may die in there */
	master_destroy(master);
}

void master_begin_close(struct slot *slot)
{
	CHECK(slot->state == SLOT_RUNNING);
	cluster_say(slot->cluster, "m%u closes", slot->number + 1);
	slot->state = SLOT_CLOSING;
	slot->is_closed = false;
	if (slot->master == NULL)
		slot->is_closed = true;
	else
		sim_machine_run(slot->machine, step_close, slot);
}

static void step_look(void *context)
{
	struct formatted *formatted = context;

	formatted->is_whole =
	        journal_is_formatted(sim_machine_start(formatted->slot->machine), SIM_KIT_FOLDER);
}

/* Its machine may fail meanwhile: then there is a journal or none. */
static void format(struct slot *slot)
{
	struct random *random = &slot->cluster->random;
	struct sim_disk_faults faults = {-1, -1, -1, 0, 0, 0};
	struct formatted formatted = {.slot = slot};

	while (!formatted.is_whole) {
		if (random_chance(random, 1, 2))
			faults.die_in = (int64_t)random_below(random, FORMAT_OPERATIONS);
		sim_disk_set_faults(sim_machine_disk(slot->machine), &faults);
		sim_machine_run(slot->machine, step_format, slot);
		sim_machine_kill(slot->machine, random_chance(random, 1, 2));
		faults.die_in = -1;
		sim_disk_set_faults(sim_machine_disk(slot->machine), &faults);
		sim_machine_shift_wall(slot->machine, SECOND_MS); /* old ones go aside by it */
		sim_machine_run(slot->machine, step_look, &formatted);
		sim_machine_kill(slot->machine, false);
	}
}

void master_wipe(struct slot *slot)
{
	CHECK(slot->state == SLOT_DOWN || slot->state == SLOT_UNUSED);
	cluster_say(slot->cluster, "m%u gets an empty disk", slot->number + 1);
	sim_machine_new_disk(slot->machine, random_u64(&slot->cluster->random));
	format(slot);
	slot->state = SLOT_DOWN;
	slot->is_settled = slot->is_leaving = slot->was_leaving = slot->is_joining = false;
	slot->has_forgotten = slot->is_stray = false;
	slot->has_been_wrong = false;
	slot->wrong_ends = 0;
	slot->claim = (struct claim){0};
}

/* ---- ends ---- */

/* It died in an operation of its disk, or ended itself because of damage. */
static void died(struct slot *slot)
{
	const char *damage = sim_machine_damage(slot->machine);

	if (strstr(damage, "This one is wrong and ends") != NULL)
		slot->has_forgotten |= ++slot->wrong_ends > 1;
	cluster_say(slot->cluster, "m%u died%s%s", slot->number + 1, damage[0] == '\0' ? "" : ": ",
	            damage);
	if (damage[0] != '\0' && !slot->may_be_damaged && !slot->is_rotten)
		cluster_wrong(slot->cluster, "m%u ended without a reason: %s", slot->number + 1,
		              damage);
	slot->cluster->figures.damages += damage[0] != '\0';
	end_process(slot,
	            random_chance(&slot->cluster->random, 1, 2) && master_may_lose_power(slot));
}

static void closed(struct slot *slot)
{
	if (slot->master != NULL)
		sim_machine_run(slot->machine, step_destroy, slot);
	if (!sim_machine_is_running(slot->machine)) {
		died(slot);
		return;
	}
	sim_machine_kill(slot->machine, false);
	went_down(slot);
}

static void note_role(struct slot *slot)
{
	struct cluster *cluster = slot->cluster;
	uint64_t epoch;

	slot->has_new_role = false;
	if (slot->role != MASTER_PRIMARY || slot->is_stray)
		return;
	history_compare(slot);
	epoch = journal_epoch(master_journal(slot->master));
	if (epoch > cluster->primaries_seen)
		cluster->figures.failovers++;
	cluster->primaries_seen = epoch;
}

/* Nobody can tell, so it is as if such a master always died in time: not of the others' concern. */
static void end_wrong_leader(struct slot *slot)
{
	if (journal_is_odd(master_journal(slot->master)))
		cluster_wrong(
		        slot->cluster,
		        "m%u leads, and knows that its state is another than the primary's was",
		        slot->number + 1);
	master_stop(slot, false);
}

static void look_into(struct slot *slot)
{
	bool leads = inside_leads(slot);

	if (leads && !sim_machine_is_paused(slot->machine))
		slot->led_us = sim_world_now_us(slot->cluster->world);
	if (slot->owes_claim)
		inside_check_claim(slot);
	slot->knows = slot->is_wrong && slot->master != NULL &&
	              (slot->knows || journal_is_odd(master_journal(slot->master)));
	if (slot->is_wrong && leads)
		end_wrong_leader(slot);
}

void masters_look(struct cluster *cluster)
{
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		struct slot *slot = &cluster->slots[i];

		if (slot->state != SLOT_RUNNING && slot->state != SLOT_CLOSING)
			continue;
		look_into(slot);
		if (slot->state == SLOT_DOWN)
			continue;
		if (!sim_machine_is_running(slot->machine))
			died(slot);
		else if (slot->state == SLOT_CLOSING && slot->is_closed)
			closed(slot);
		else if (slot->has_failed && slot->state == SLOT_RUNNING &&
		         !sim_machine_is_paused(slot->machine))
			master_begin_close(slot);
		else if (slot->has_new_role && slot->master != NULL)
			note_role(slot);
	}
}

struct slot *masters_primary(struct cluster *cluster)
{
	struct slot *primary = NULL;

	for (unsigned i = 0; i < cluster->slot_count; i++) {
		struct slot *slot = &cluster->slots[i];

		if (slot->state == SLOT_RUNNING && slot->role == MASTER_PRIMARY &&
		    !slot->is_stray &&
		    (primary == NULL || journal_epoch(master_journal(primary->master)) <
		                                journal_epoch(master_journal(slot->master))))
			primary = slot;
	}
	return primary;
}

/* What the disk remembers of its promises.  False: nothing whole. */
static bool read_vote(const struct slot *slot, struct vote *ret_vote)
{
	uint8_t slots[VOTE_SLOTS * VOTE_SLOT_BYTES];
	const char *why;
	int at;

	return sim_disk_peek(sim_machine_disk(slot->machine), SIM_KIT_FOLDER "/vote", 0, slots,
	                     sizeof(slots)) &&
	       vote_choose(slots, ret_vote, &at, &why) == 0;
}

/* It has again what was lost with its machine. */
static void review_debt(struct slot *slot)
{
	struct journal_quorum quorum;
	struct vote vote;

	if (slot->state != SLOT_RUNNING || slot->master == NULL)
		return;
	journal_quorum(master_journal(slot->master), &quorum);
	slot->owes = slot->applied < slot->owed || quorum.count == 0 || !read_vote(slot, &vote) ||
	             vote.bound != VOTE_NO_BOUND;
	if (!slot->owes)
		cluster_say(slot->cluster, "m%u has caught up", slot->number + 1);
}

/* Not the one that its lost disk was. */
static const struct journal_member *find_member(const struct journal_quorum *quorum,
                                                const struct slot *slot)
{
	for (size_t i = 0; i < quorum->count; i++) {
		const struct journal_member *member = &quorum->members[i];

		if (strcmp(member->address, slot->address) == 0 &&
		    memcmp(member->id, slot->lost_id, sizeof(slot->lost_id)) != 0)
			return member;
	}
	return NULL;
}

/* The newest primary, if it runs and has nothing to change.  NULL: none. */
static struct slot *ask_primary(struct cluster *cluster, struct journal_quorum *ret_quorum)
{
	struct slot *primary = masters_primary(cluster);

	if (primary == NULL || cluster->is_lone_kind || sim_machine_is_paused(primary->machine) ||
	    journal_epoch(master_journal(primary->master)) != cluster->primaries_seen)
		return NULL;
	journal_quorum(master_journal(primary->master), ret_quorum);
	return ret_quorum->is_changing ? NULL : primary;
}

static void left(struct slot *slot)
{
	cluster_say(slot->cluster, "m%u is no member any more", slot->number + 1);
	if (slot->state != SLOT_DOWN)
		master_stop(slot, false);
	slot->state = SLOT_UNUSED;
	slot->is_leaving = false;
}

static void note_member(struct slot *slot, const struct journal_member *member)
{
	slot->is_settled = member != NULL && member->is_voter;
	if (slot->is_settled)
		memcpy(slot->id, member->id, sizeof(slot->id));
}

static void review(struct slot *slot, const struct journal_member *member)
{
	bool is_time = sim_world_now_us(slot->cluster->world) > slot->asked_us + ORDER_US;

	if (slot->is_leaving && member == NULL)
		left(slot);
	else if (slot->is_leaving && is_time)
		slot->is_leaving = false; /* nobody took it out */
	if (slot->is_joining && member != NULL)
		slot->is_joining = !member->is_voter;
	else if (slot->is_joining && is_time)
		order_allow(slot);
}

void masters_review(struct cluster *cluster)
{
	struct journal_quorum quorum;

	for (unsigned i = 0; i < cluster->slot_count; i++) {
		if (cluster->slots[i].owes)
			review_debt(&cluster->slots[i]);
	}
	if (ask_primary(cluster, &quorum) == NULL)
		return;
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		struct slot *slot = &cluster->slots[i];
		const struct journal_member *member = find_member(&quorum, slot);

		note_member(slot, member);
		if (slot->state != SLOT_UNUSED)
			review(slot, member);
	}
}

/* Two members are one voter and a learner, until there are three. */
static bool is_lone_pair(const struct journal_quorum *quorum)
{
	return quorum->count == 2 && quorum->members[0].is_voter + quorum->members[1].is_voter == 1;
}

bool masters_are_settled(struct cluster *cluster)
{
	struct journal_quorum quorum;
	size_t members = 0;

	if (cluster->is_lone_kind)
		return masters_primary(cluster) != NULL;
	if (ask_primary(cluster, &quorum) == NULL)
		return false;
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		struct slot *slot = &cluster->slots[i];
		const struct journal_member *member = find_member(&quorum, slot);

		note_member(slot, member);
		if (slot->state == SLOT_UNUSED)
			continue;
		members++;
		if (member == NULL || slot->is_leaving || slot->state != SLOT_RUNNING ||
		    (!member->is_voter && !is_lone_pair(&quorum)))
			return false;
	}
	return members == quorum.count;
}

void master_join_anew(struct slot *slot)
{
	memcpy(slot->lost_id, slot->id, sizeof(slot->lost_id));
	master_wipe(slot);
	slot->is_joining = true;
}

void master_lose_disk(struct slot *slot)
{
	master_stop(slot, true);
	master_join_anew(slot);
}

void master_place(struct slot *slot, unsigned port)
{
	snprintf(slot->address, sizeof(slot->address), "m%u:%u", slot->number + 1, port);
}

/* Mostly together; one may be late. */
static uint64_t first_start(struct cluster *cluster)
{
	bool is_late = random_chance(&cluster->random, 1, 8);

	return sim_world_now_us(cluster->world) +
	       random_below(&cluster->random, is_late ? LATE_US_MAX : START_US_MAX);
}

void masters_init(struct cluster *cluster)
{
	struct command skip = {
	        .kind = ENTRY_skip_ids, .user = STR("root"), .skip_ids = {.count = 1 << 20}};

	kit_first_payload("root", 0755, &cluster->first);
	buf_init(&cluster->skip);
	command_encode(&skip, &cluster->skip);
	skip.skip_ids.count = 1 << 10;
	buf_init(&cluster->leap);
	command_encode(&skip, &cluster->leap);
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		struct slot *slot = &cluster->slots[i];

		slot->cluster = cluster;
		slot->number = i;
		slot->machine = sim_machine_create(cluster->world, random_u64(&cluster->random));
		master_place(slot, CLUSTER_PORT);
		snprintf(slot->service_address, sizeof(slot->service_address), "m%u:%d", i + 1,
		         SERVICE_PORT);
		if (cluster->has_drift)
			sim_machine_set_drift(slot->machine,
			                      (int64_t)random_below(&cluster->random, 100001) -
			                              50000);
	}
	for (unsigned i = 0; i < cluster->size; i++) {
		master_wipe(&cluster->slots[i]);
		cluster->slots[i].start_us = first_start(cluster);
	}
}
