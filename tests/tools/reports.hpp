// A cluster that says something about itself, made up.
#pragma once

#include "actors/reports.hpp"
#include "actors/savepoint_messages.hpp"

namespace braid::testing {

inline savepoint_report made_up_savepoint(const std::string& name) {
  savepoint_report result;
  result.name = name;
  result.topology = "word_count";
  result.run = "word_count-2";
  result.path = "/savepoints/" + name + ".savepoint";
  result.stage = savepoint_stage::written;
  result.epoch = 40;
  result.bytes = 3'072;
  result.taken_at = 1'714'564'800'000'000;
  result.operators = {{"counts", "operator", 256, 2'048}};
  return result;
}

/// A supervisor with two runs, one of them over and without checkpoints, and a
/// worker. The worker comes first, as reports may.
inline cluster_report made_up_cluster() {
  cluster_report result;
  node_report worker;
  worker.name = "worker";
  worker.http = "127.0.0.1:4781";
  worker.actor = 7;
  worker.holder_actor = 8;
  worker.backup_bytes = 5'120;
  worker.cores = 2;
  worker.last_heard_us = 120'000;
  partition_report counts;
  counts.run = "word_count-2";
  counts.operator_name = "counts";
  counts.partition = 1;
  counts.node = "worker";
  counts.actor = 21;
  counts.state = partition_state::busy;
  counts.slices = 8;
  counts.epoch = 40;
  counts.tuples_in = 5'000;
  counts.tuples_per_second = 1'500;
  counts.busy_permille = 543;
  counts.queued_epochs = 3;
  counts.queued_bytes = 2'048;
  worker.partitions = {counts};

  node_report supervisor;
  supervisor.name = "boss";
  supervisor.supervisor = true;
  supervisor.control = "127.0.0.1:4700";
  supervisor.incarnation = 18'446'744'073'709'551'615u;
  supervisor.actor = 6;
  supervisor.holder_actor = 7;
  supervisor.topologies = {"join", "word_count"};
  auto lines = counts;
  lines.operator_name = "lines";
  lines.partition = 0;
  lines.node = "boss";
  lines.actor = 19;
  lines.state = partition_state::blocked;
  lines.epoch = 44;
  lines.tuples_out = 9'000;
  lines.tuples_per_second = 12'345;
  lines.queued_epochs = lines.queued_bytes = 0;
  lines.replay_bytes = 1'310'720;
  auto first = counts;
  first.partition = 0;
  first.node = "boss";
  first.actor = 20;
  first.epoch = 41;
  supervisor.partitions = {lines, first};
  result.nodes = {worker, supervisor};

  run_report run;
  run.name = "word_count-2";
  run.topology = "word_count";
  run.state = run_state::running;
  run.submitted_at = 1'700'000'000'000'000;
  run.supervisor = "boss";
  run.actor = 11;
  run.operators = {{"lines", "source", {"words"}, 12, 3, 1, 0},
                   {"counts", "sink", {}, 13, 16, 2, 0}};
  auto failed = run;
  failed.name = "word_count-1";
  failed.state = run_state::failed;
  failed.reason = "node x is lost";
  failed.ended_at = failed.submitted_at + 4'200'000;
  failed.operators[0].partitions_done = 1;
  run.stable_epoch = 38;
  run.recoveries = 1;
  result.runs = {failed, run};
  return result;
}

} // namespace braid::testing
