#include "actors/source_logic.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace braid {

source_logic::source_logic(const topology& graph, const assignment& owners,
                           partition_place place, cut_settings cuts,
                           std::unique_ptr<source_instance> instance,
                           partition_beginning beginning)
  : name_(graph.operators()[place.id].name), place_(place),
    cuts_(std::move(cuts)), instance_(std::move(instance)),
    out_(std::move(beginning.out)), checkpoints_(beginning.checkpoints),
    hosted_(owners[place.id].table, place.index),
    flow_(beginning.flow.in_flight), early_(checkpoints_.early()),
    downstream_(graph, place.id), slices_(ranges_of(hosted_.ids())),
    max_tuples_(cuts_.max_tuples) {
  for (auto& edge : graph.outputs_of(place.id))
    for (auto index : owners[edge.to].hosts())
      flow_.add_channel(edge.id, index, beginning.generation == 0);
  count_edges(graph, place.id);
  if (beginning.restored)
    restore(*beginning.restored);
}

void source_logic::restore(const partition_checkpoint& from) {
  epoch_.number = from.epoch;
  input_archive progress{from.progress.bytes()};
  decode(progress, epoch_.now);
  progress.expect_end();
  // A source that a savepoint does not have begins at its beginning.
  for (std::uint32_t local = 0; local < hosted_.size(); ++local)
    if (auto& slice = from.slices.at(hosted_.id(local)); !slice.empty())
      instance_->load_slice(local, slice.bytes());
  done_ = from.ended;
  load_->epoch = from.epoch;
  if (done_)
    load_->state = partition_state::done;
}

/// Between epochs: the readers stand where the last one ended.
partition_checkpoint source_logic::checkpoint() const {
  assert(!open_);
  partition_checkpoint result;
  result.epoch = epoch_.number;
  result.ended = done_;
  encode(epoch_.now, result.progress);
  for (std::uint32_t local = 0; local < hosted_.size(); ++local)
    instance_->save_slice(local, result.slices[hosted_.id(local)]);
  return result;
}

/// The epoch up to `last` after which a checkpoint is taken; 0: none.
epoch_number source_logic::checkpoint_within(epoch_number last) const {
  if (named_ >= epoch_.number && named_ <= last)
    return named_;
  return checkpoints_.within(epoch_.number, last);
}

bool source_logic::name_checkpoint(epoch_number epoch) {
  auto closed = open_ ? epoch_.number - 1 : epoch_.number;
  if (done_ && epoch >= closed) {
    // Its last checkpoint is good for all that follow, once it is kept.
    auto lost = out_->direct().take_lost_copies();
    if (!checkpoints_.taken || lost.shared || !lost.slices.empty())
      out_->direct().send_checkpoint(checkpoint());
    return true;
  }
  if (epoch <= closed)
    return false;
  named_ = epoch;
  return true;
}

void source_logic::on_cuts_held(epoch_number epoch) {
  out_->allow_closes(epoch);
}

void source_logic::on_stable(epoch_number epoch) {
  out_->trim(epoch);
  early_.on_stable(epoch);
  note_held(*out_, early_);
}

void source_logic::take_checkpoints(const checkpoint_settings& how) {
  if (checkpoints_.taken)
    return;
  checkpoints_ = how;
  early_ = early_checkpoint{how.early()};
  early_.on_checkpoint(load_->busy_ns);
  out_->keep_until_stable(how.hold_cuts);
}

void source_logic::on_placement(const assignment& owners,
                                const std::vector<hand_over>& under_way) {
  placed_ = placement{owners, under_way};
  adopt_placement();
}

void source_logic::adopt_placement() {
  if (downstream_.adopt(placed_->owners, placed_->under_way,
                        {*out_, flow_, instance_->edges()}, open_))
    placed_.reset();
}

epoch_number source_logic::stop_for_successors() {
  throw protocol_error{"source '" + name_ + "' cannot hand its slices over"};
}

void source_logic::on_batch(const batch_origin&, batch_ptr) {
  throw protocol_error{"source '" + name_ + "' was sent tuples"};
}

void source_logic::on_close(const close_notice&) {
  throw protocol_error{"source '" + name_ + "' was sent a close"};
}

void source_logic::on_credit(const credit_notice& notice) {
  take_credit(notice, flow_, *out_);
}

bool source_logic::by_clock() const {
  return !cuts_.count && !cuts_.repeat && !repeats_known_cut();
}

/// Whether an earlier instance has cut the epoch at hand. It told the cuts of
/// all its slices at once.
bool source_logic::repeats_known_cut() const {
  if (!cuts_.known)
    return false;
  auto& cuts = cuts_.known->of(name_, epoch_.number);
  return std::any_of(cuts.begin(), cuts.end(), [&](auto& cut) {
    return hosted_.local(cut.slice) != hosted_slices::not_here;
  });
}

/// Replay buffers are full, here or downstream. Then only epochs up to the
/// checkpoint that will free them are begun, and without data unless others
/// decide where they end.
bool source_logic::is_held_back() const {
  auto& account = checkpoints_.account;
  return flow_.replay_full() || (account && !account->may_add_data());
}

step_result source_logic::step(event_time wall) {
  if (done_)
    return {.done = true};
  note_waiting(wall);
  if (epoch_.number + (open_ ? 0 : 1) > flow_.allowed()) {
    load_->state = partition_state::blocked;
    return {.wake_at = next_count(wall)};
  }
  if (!open_ && is_held_back() && named_ <= epoch_.number) {
    load_->state = partition_state::held;
    return {.wake_at = next_count(wall)};
  }
  if (!open_)
    open(wall);
  load_->state = partition_state::busy;
  auto progress = instance_->read(budget(wall));
  load_->tuples_out = instance_->emitted();
  // What was read waits no more: it would count twice as having arrived.
  note_waiting(wall);
  if (must_close(progress, wall)) {
    close(progress);
    load_->state = done_ ? partition_state::done : partition_state::waiting;
    return {.worked = true, .done = done_};
  }
  load_->state = partition_state::waiting;
  return {.wake_at = next_look(progress)};
}

void source_logic::open(event_time wall) {
  ++epoch_.number;
  // Count mode has a clock of its own: another run must tell the same time.
  auto now = by_clock()
               ? wall
               : static_cast<event_time>(epoch_.number) * cuts_.length.count();
  epoch_.now = std::max(epoch_.now, now);
  opened_at_ = wall;
  open_ = true;
  empty_ = is_held_back() && by_clock();
  adapt_cap();
  instance_->begin_epoch(epoch_);
}

read_budget source_logic::budget(event_time wall) const {
  read_budget result;
  result.tuples = empty_ ? 0 : max_tuples_;
  result.bytes = empty_ ? 0 : cuts_.max_bytes;
  result.exactly = cuts_.count;
  if (cuts_.repeat)
    result.recorded = &cuts_.repeat->of(name_, epoch_.number);
  else if (repeats_known_cut())
    result.recorded = &cuts_.known->of(name_, epoch_.number);
  result.now = wall;
  return result;
}

bool source_logic::must_close(const read_progress& progress,
                              event_time wall) const {
  if (!by_clock())
    return progress.complete;
  return empty_ || progress.full || progress.ended
         || flow_.hint() >= epoch_.number
         || wall >= opened_at_
                      + (progress.tuples > 0 ? cuts_.length : cuts_.idle_length)
                          .count();
}

/// When to step again unless something happens before.
std::optional<event_time>
source_logic::next_look(const read_progress& progress) const {
  // No clock ends the epoch; waking for it would never stop.
  if (!by_clock())
    return progress.next_at;
  auto length = progress.tuples > 0 ? cuts_.length : cuts_.idle_length;
  auto result = opened_at_ + length.count();
  // Without tuples yet, the first one is worth waking for.
  if (progress.next_at && progress.tuples == 0)
    result = std::min(result, *progress.next_at);
  return result;
}

/// Epochs that related sources have closed already are closed along with this
/// one, empty; and if there is no data, all up to the checkpoint.
epoch_number source_logic::last_to_close(const read_progress& progress) const {
  if (empty_ && !progress.ended)
    return std::max(epoch_.number, std::min(named_, flow_.allowed()));
  if (!by_clock() || progress.full || progress.ended)
    return epoch_.number;
  return std::max(epoch_.number, std::min(flow_.hint(), flow_.allowed()));
}

void source_logic::close(const read_progress& progress) {
  auto last = last_to_close(progress);
  note_tuples(progress.tuples);
  auto cuts = instance_->finish_epoch();
  auto now = beginning_of_time;
  for (auto& cut : cuts)
    now = std::max(now, cut.now);
  epoch_.now = std::max(epoch_.now, now);
  tell_cuts(last, std::move(cuts));
  close_notice notice;
  notice.from = place_.index;
  notice.first = epoch_.number;
  notice.last = last;
  notice.slices = slices_;
  notice.now = now;
  notice.ended = progress.ended;
  notice.checkpoint = checkpoint_within(last);
  close_edges(notice);
  epoch_.number = last;
  load_->epoch = last;
  open_ = false;
  if (placed_)
    adopt_placement();
  done_ = progress.ended;
  // Where they are not taken regularly, one may be named for a savepoint.
  auto takes_checkpoint =
    notice.checkpoint != 0 || (done_ && (checkpoints_.taken || named_ != 0));
  if (takes_checkpoint)
    early_.on_checkpoint(load_->busy_ns);
  note_held(*out_, early_);
  if (takes_checkpoint)
    send_checkpoint(notice.checkpoint);
}

/// Slices that end do so in the first of several epochs that are closed at
/// once, and are not told of any more, just as if these were closed one by one.
void source_logic::tell_cuts(epoch_number last, std::vector<source_cut> cuts) {
  auto has_ended = [](const source_cut& cut) { return cut.ended; };
  auto first = epoch_.number;
  if (first < last && std::any_of(cuts.begin(), cuts.end(), has_ended)) {
    tell_cuts({first, first, cuts});
    std::erase_if(cuts, has_ended);
    ++first;
  }
  tell_cuts({first, last, std::move(cuts)});
}

void source_logic::tell_cuts(cut_notice cuts) {
  if (cuts_.record)
    for (auto epoch = cuts.first; epoch <= cuts.last; ++epoch)
      cuts_.record->record(name_, epoch, cuts.cuts);
  if (checkpoints_.hold_cuts)
    out_->direct().send_cuts(std::move(cuts));
}

void source_logic::close_edges(close_notice notice) {
  for (std::size_t i = 0; i < instance_->edges().size(); ++i) {
    auto* edge = instance_->edges()[i];
    auto progressed = instance_->watermark(i);
    notice.edge = edge->edge();
    notice.watermark = progressed.watermark;
    notice.idle = progressed.idle;
    close_edge(*out_, notice, *edge);
  }
}

/// The epochs closed at once with `named` and behind it were empty, so what is
/// here now is what was there after it.
void source_logic::send_checkpoint(epoch_number named) {
  auto copy = checkpoint();
  if (!done_)
    copy.epoch = named;
  out_->direct().send_checkpoint(std::move(copy));
}

/// Where an operator emits much more than it takes, epochs grow on their way;
/// where one is overloaded, they take long. The sources then read less into
/// each.
void source_logic::adapt_cap() {
  auto largest = flow_.largest();
  auto longest = flow_.longest();
  auto most_work = static_cast<std::uint64_t>(
    std::max(cuts_.longest_work, 2 * cuts_.length).count());
  auto by_size = fitting(largest.epoch, largest.bytes, cuts_.max_bytes);
  auto by_work = fitting(longest.epoch, longest.microseconds, most_work);
  if (by_size && largest.bytes > cuts_.max_bytes)
    max_tuples_ = std::min(max_tuples_, *by_size);
  // At most by half: work comes in bursts, such as windows that end.
  if (by_work && longest.microseconds > most_work
      && longest.epoch > std::exchange(adapted_to_, longest.epoch))
    max_tuples_ = std::min(
      max_tuples_, std::max(*by_work, tuples_of_.at(longest.epoch) / 2));
  if (!by_size && !by_work)
    return;
  auto most = std::min(by_size.value_or(cuts_.max_tuples),
                       by_work.value_or(cuts_.max_tuples));
  if (most > max_tuples_)
    max_tuples_ = std::min(most, max_tuples_ + max_tuples_ / 8 + 1);
}

/// With how many tuples an epoch that `had` so much of something would have had
/// just what is wanted. Nothing if the epoch is not remembered.
std::optional<std::uint64_t> source_logic::fitting(epoch_number epoch,
                                                   std::uint64_t had,
                                                   std::uint64_t wanted) const {
  auto read = tuples_of_.find(epoch);
  if (read == tuples_of_.end() || read->second == 0)
    return std::nullopt;
  if (had == 0)
    return cuts_.max_tuples;
  auto each = static_cast<double>(had) / static_cast<double>(read->second);
  auto most = static_cast<double>(wanted) / each;
  if (most >= static_cast<double>(cuts_.max_tuples))
    return cuts_.max_tuples;
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(most));
}

/// Whoever scales wants to know what waits outside, however long nothing can be
/// read.
std::optional<event_time> source_logic::next_count(event_time wall) const {
  constexpr event_time between_counts = 200'000;
  if (!load_->knows_arrivals || !by_clock())
    return std::nullopt;
  return wall + between_counts;
}

void source_logic::note_waiting(event_time wall) {
  auto waiting = instance_->waiting(wall);
  load_->knows_arrivals = waiting.has_value();
  load_->queued_tuples = waiting.value_or(0);
  load_->counted_at = wall;
}

/// Remembers for a while how much an epoch had here.
void source_logic::note_tuples(std::uint64_t tuples) {
  constexpr std::size_t remembered = 256;
  tuples_of_[epoch_.number] = tuples;
  if (tuples_of_.size() > remembered)
    tuples_of_.erase(tuples_of_.begin());
}

} // namespace braid
