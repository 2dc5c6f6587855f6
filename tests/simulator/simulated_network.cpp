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

  void send_batch(edge_id edge, partition_index to, epoch_number epoch,
                  batch_ptr tuples) override {
    auto& network = *network_;
    auto& node = network.graph_->edges()[edge];
    network.note_sent(node, index_, to, epoch, tuples->size());
    if (network.random_->below(100) < network.options_->encoded_percent) {
      tuples = encoded_and_decoded(*tuples, node.decode);
      ++network.report_->encoded_batches;
    }
    send(network.partition_at(node.to, to),
         batch_message{edge, index_, epoch, std::move(tuples)});
  }

  void send_close(const close_notice& notice,
                  std::span<const std::uint32_t> tuples) override {
    auto& network = *network_;
    auto& node = network.graph_->edges()[notice.edge];
    assert(tuples.size() == (*network.owners_)[node.to].partitions());
    for (partition_index to = 0; to < tuples.size(); ++to) {
      if (tuples[to] == not_yet)
        continue;
      network.note_sent(node, index_, to, notice.last, 0);
      auto copy = notice;
      copy.tuples = tuples[to];
      send(network.partition_at(node.to, to), std::move(copy));
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

  void send_checkpoint(partition_checkpoint checkpoint) override {
    network_->holder_->put(network_->partition_at(id_, index_),
                           std::move(checkpoint));
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
  lives_.resize(senders_.size());
}

simulated_network::~simulated_network() = default;

outbox& simulated_network::outbox_of(std::size_t partition) const {
  return *senders_.at(partition);
}

void simulated_network::send(std::size_t from, std::size_t to, message what) {
  auto [found, is_new] =
    channel_between_.try_emplace({from, to}, channels_.size());
  if (is_new) {
    channels_.push_back({from, to, 1, {}});
    if (options_->uneven && random_->below(8) == 0)
      channels_.back().slowness = random_->below(2) == 0 ? 10 : 100;
  }
  auto& target = channels_[found->second];
  if (target.messages.empty())
    busy_.push_back(found->second);
  target.messages.push_back({std::move(what), lives_[from], lives_[to]});
}

void simulated_network::restart(operator_id id, partition_index index,
                                epoch_number finished) {
  ++lives_[partition_at(id, index)];
  for (auto& [between, under_way] : flights_) {
    auto& [edge, from, to] = between;
    if (graph_->edges()[edge].to == id && to == index)
      under_way = {finished, finished, {}, 0};
  }
}

void simulated_network::deliver(std::size_t busy_channel, partition* receiver) {
  auto& from = channels_[busy_[busy_channel]];
  auto [what, from_life, to_life] = std::move(from.messages.front());
  from.messages.pop_front();
  if (from.messages.empty()) {
    busy_[busy_channel] = busy_.back();
    busy_.pop_back();
  }
  if (!receiver || from_life != lives_[from.from] || to_life != lives_[from.to])
    return;
  ++report_->messages;
  if (auto* batch = std::get_if<batch_message>(&what))
    receiver->on_batch(batch->edge, batch->from, batch->epoch,
                       std::move(batch->tuples));
  else if (auto* close = std::get_if<close_notice>(&what))
    receiver->on_close(*close);
  else
    receiver->on_credit(std::get<credit_notice>(what));
}

void simulated_network::note_sent(const edge_node& edge, partition_index from,
                                  partition_index to, epoch_number epoch,
                                  std::uint64_t tuples) {
  auto& between = flights_[{edge.id, from, to}];
  if (epoch > between.finished + in_flight_)
    throw simulation_failure{
      name_of(edge.from, from) + " sends epoch " + std::to_string(epoch)
      + " to " + name_of(edge.to, to) + ", which has processed only "
      + std::to_string(between.finished) + ": more than "
      + std::to_string(in_flight_) + " epochs are in flight"};
  between.sent = std::max(between.sent, epoch);
  between.tuples[epoch] += tuples;
  between.tuples_in_flight += tuples;
  report_->most_epochs_in_flight =
    std::max(report_->most_epochs_in_flight, between.sent - between.finished);
  report_->most_tuples_in_flight =
    std::max(report_->most_tuples_in_flight, between.tuples_in_flight);
}

void simulated_network::note_finished(const credit_notice& credit) {
  auto& between = flights_[{credit.edge, credit.to, credit.from}];
  between.finished = std::max(between.finished, credit.finished);
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
