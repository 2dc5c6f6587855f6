#include "tests/simulator/simulated_network.hpp"

#include <cassert>
#include <cstring>
#include <new>

namespace braid::simulator {

namespace {

struct free_aligned {
  void operator()(std::byte* bytes) const {
    ::operator delete (bytes, std::align_val_t{column_alignment});
  }
};

/// The batch as a link would bring it.
batch_ptr encoded_and_decoded(const batch& tuples, batch_decoder decode) {
  auto encoded = tuples.encode();
  auto size = encoded.head.size();
  for (auto column : encoded.columns)
    size += column.size();
  std::shared_ptr<std::byte> frame{static_cast<std::byte*>(::operator new (
                                     size, std::align_val_t{column_alignment})),
                                   free_aligned{}};
  auto* end = frame.get();
  auto append = [&end](std::span<const std::byte> part) {
    if (!part.empty())
      std::memcpy(end, part.data(), part.size());
    end += part.size();
  };
  append({encoded.head.data(), encoded.head.size()});
  for (auto column : encoded.columns)
    append(column);
  return decode({frame.get(), size}, frame);
}

} // namespace

/// The outbox of one partition.
class simulated_network::sender final : public outbox {
public:
  sender(simulated_network& network, operator_id id, partition_index index)
    : network_(&network), id_(id), index_(index) {}

  void send_batch(const batch_target& to, batch_ptr tuples) override {
    auto& network = *network_;
    auto& node = network.graph_->edges()[to.edge];
    network.note_sent(index_, to, tuples->size());
    if (network.random_->below(100) < network.options_->encoded_percent) {
      tuples = encoded_and_decoded(*tuples, node.decode);
      ++network.report_->encoded_batches;
    }
    send(network.partition_at(node.to, to.to),
         batch_message{{to.edge, index_, to.generation, to.epoch},
                       std::move(tuples)});
  }

  void send_close(const close_notice& notice,
                  std::span<const close_receiver> receivers) override {
    auto& network = *network_;
    auto& node = network.graph_->edges()[notice.edge];
    for (auto& receiver : receivers) {
      network.note_sent(
        index_, {notice.edge, receiver.to, receiver.generation, notice.last},
        0);
      auto copy = notice;
      copy.generation = receiver.generation;
      copy.tuples = receiver.tuples;
      send(network.partition_at(node.to, receiver.to), std::move(copy));
    }
  }

  void send_credit(const credit_notice& notice) override {
    auto& network = *network_;
    network.note_finished(notice);
    if (!network.options_->lose_credits)
      send(network.partition_at(network.graph_->edges()[notice.edge].from,
                                notice.to),
           notice);
  }

  void send_checkpoint(partition_checkpoint&& checkpoint) override {
    send(network_->holder_index(), std::move(checkpoint));
  }

  void send_cuts(cut_notice&& cuts) override {
    send(network_->holder_index(), std::move(cuts));
  }

  partition_place place() const {
    return {id_, index_};
  }

private:
  void send(std::size_t to, message what) {
    network_->send(network_->partition_at(id_, index_), to, std::move(what));
  }

  simulated_network* network_;
  operator_id id_;
  partition_index index_;
};

simulated_network::simulated_network(
  const topology& graph, const assignment& owners, epoch_number in_flight,
  const simulation_options& options, random_generator& random,
  simulation_report& report, simulated_holder& holder)
  : graph_(&graph), owners_(&owners), in_flight_(in_flight), options_(&options),
    random_(&random), report_(&report), holder_(&holder) {
  for (operator_id id = 0; id < owners.size(); ++id) {
    first_partition_.push_back(senders_.size());
    for (partition_index i = 0; i < owners[id].partitions(); ++i)
      senders_.push_back(std::make_unique<sender>(*this, id, i));
  }
  lives_.resize(senders_.size() + 1);
}

simulated_network::~simulated_network() = default;

outbox& simulated_network::outbox_of(std::size_t partition) const {
  return *senders_.at(partition);
}

void simulated_network::send(std::size_t from, std::size_t to, message what) {
  channel_ends ends{from, to, lives_[from], lives_[to]};
  auto [found, is_new] = channel_between_.try_emplace(ends, channels_.size());
  if (is_new) {
    channels_.push_back({ends, 1, {}});
    if (options_->uneven && random_->below(8) == 0)
      channels_.back().slowness = random_->below(2) == 0 ? 10 : 100;
  }
  auto& target = channels_[found->second];
  if (target.messages.empty())
    busy_.push_back(found->second);
  target.messages.push_back(std::move(what));
}

void simulated_network::send_renewal(std::size_t to, edge_id edge,
                                     partition_index from,
                                     generation_number generation) {
  send(holder_index(), to, renewal{edge, from, generation});
}

void simulated_network::send_stable(std::size_t to, epoch_number epoch) {
  send(holder_index(), to, stable_notice{epoch});
}

void simulated_network::deliver(std::size_t busy_channel, partition* receiver) {
  auto number = busy_[busy_channel];
  auto what = std::move(channels_[number].messages.front());
  channels_[number].messages.pop_front();
  if (channels_[number].messages.empty()) {
    busy_[busy_channel] = busy_.back();
    busy_.pop_back();
  }
  // A copy: answers may add channels.
  auto on = channels_[number].ends;
  ++report_->messages;
  if (on.to == holder_index())
    deliver_to_holder(on, std::move(what));
  else if (receiver
           && !(std::holds_alternative<cuts_held>(what)
                && on.to_life != lives_[on.to]))
    hand_over(std::move(what), *receiver);
}

void simulated_network::deliver_to_holder(const channel_ends& on,
                                          message what) {
  if (on.from_life != lives_[on.from])
    return;
  if (auto* checkpoint = std::get_if<partition_checkpoint>(&what))
    return holder_->put(on.from, std::move(*checkpoint));
  auto& cuts = std::get<cut_notice>(what);
  auto source = senders_[on.from]->place().id;
  for (auto epoch = cuts.first; epoch <= cuts.last; ++epoch)
    options_->held_cuts->add(graph_->operators()[source].name, epoch,
                             cuts.cuts);
  send(holder_index(), on.from, cuts_held{cuts.last});
}

void simulated_network::hand_over(message what, partition& receiver) {
  if (auto* batch = std::get_if<batch_message>(&what))
    receiver.on_batch(batch->from, std::move(batch->tuples));
  else if (auto* close = std::get_if<close_notice>(&what))
    receiver.on_close(*close);
  else if (auto* credit = std::get_if<credit_notice>(&what))
    receiver.on_credit(*credit);
  else if (auto* renewed = std::get_if<renewal>(&what))
    receiver.renew_channel(renewed->edge, renewed->from, renewed->generation);
  else if (auto* stable = std::get_if<stable_notice>(&what))
    receiver.on_stable(stable->epoch);
  else
    receiver.on_cuts_held(std::get<cuts_held>(what).epoch);
}

void simulated_network::note_sent(partition_index from, const batch_target& to,
                                  std::uint64_t tuples) {
  auto& edge = graph_->edges()[to.edge];
  auto& between = flights_[{to.edge, from, to.to, to.generation}];
  if (to.epoch > between.finished + in_flight_)
    throw simulation_failure{
      name_of(edge.from, from) + " sends epoch " + std::to_string(to.epoch)
      + " to " + name_of(edge.to, to.to) + ", which has processed only "
      + std::to_string(between.finished) + ": more than "
      + std::to_string(in_flight_) + " epochs are in flight"};
  between.sent = std::max(between.sent, to.epoch);
  between.tuples[to.epoch] += tuples;
  between.tuples_in_flight += tuples;
  report_->most_epochs_in_flight =
    std::max(report_->most_epochs_in_flight, between.sent - between.finished);
  report_->most_tuples_in_flight =
    std::max(report_->most_tuples_in_flight, between.tuples_in_flight);
}

void simulated_network::note_finished(const credit_notice& credit) {
  auto& between =
    flights_[{credit.edge, credit.to, credit.from, credit.generation}];
  between.finished = std::max(between.finished, credit.finished);
  between.sent = std::max(between.sent, between.finished);
  while (!between.tuples.empty()
         && between.tuples.begin()->first <= between.finished) {
    between.tuples_in_flight -= between.tuples.begin()->second;
    between.tuples.erase(between.tuples.begin());
  }
}

std::string simulated_network::name_of(operator_id id,
                                       partition_index index) const {
  return "'" + graph_->operators()[id].name + "' " + std::to_string(index);
}

} // namespace braid::simulator
