// Runs a user-written operator on a partition.
#pragma once

#include "operators/operator_instance.hpp"
#include "operators/random.hpp"
#include "operators/stream_operator.hpp"

#include <concepts>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

namespace braid {

/// An input of an operator: tuples of type `T` whose key `KeyOf` returns.
template <class T, class KeyOf>
struct keyed_port {
  using value_type = T;
  static constexpr bool broadcast = false;
  KeyOf key_of;
};

/// An input whose tuples have no key.
template <class T>
struct unkeyed_port {
  using value_type = T;
  static constexpr bool broadcast = false;
  without_key key_of;
};

/// An input that every partition gets, applied before all others.
template <class T>
struct broadcast_port {
  using value_type = T;
  static constexpr bool broadcast = true;
};

template <class Operator, class T>
concept handles = requires(Operator& op, const T& tuple) {
  op.on(tuple);
};

template <class Operator, class T>
concept handles_broadcast = requires(Operator& op, const T& tuple) {
  op.on_broadcast(tuple);
};

template <class Operator>
concept has_timers = requires(Operator& op, event_time at) {
  op.on_timer(at);
};

/// One partition of a user-written operator. `Ports` in the order of their
/// numbers.
template <class Operator, class... Ports>
class user_operator final : public operator_instance {
  using key_type = typename Operator::key_type;

public:
  /// Attaches consumers to the operator's outputs.
  using attach_outputs =
    std::function<void(Operator&, emitter<dead_letter>&, chain_context&)>;

  user_operator(const instance_setup& setup, std::unique_ptr<Operator> op,
                const attach_outputs& attach, Ports... ports)
    : setup_(setup), operator_(std::move(op)),
      inputs_(input<Ports>{std::move(ports), setup_.slices}...) {
    for (auto* handle : operator_->registry().handles())
      host(*handle, setup_);
    host(operator_->timers(), setup_);
    for (auto* handle : operator_->shared_registry().handles())
      share(*handle);
    operator_->at_hand().fires_timers = has_timers<Operator>;
    chain_context context{setup_, edges_, trackers_, nullptr, all_trackers_};
    attach(*operator_, dead_letters_, context);
  }

  void process(const epoch_info& epoch,
               std::span<const input_run> runs) override {
    operator_->at_hand().epoch = epoch;
    each_input([&](auto& in, std::uint16_t port) {
      auto own = runs_of_port(runs, port);
      if constexpr (std::remove_reference_t<decltype(in)>::broadcast)
        take_broadcast(in, own);
      else
        in.order.arrange(own);
    });
    for (std::uint32_t local = 0; local < setup_.slices.size(); ++local)
      if (has_work(local, epoch))
        process_slice(local, epoch);
    for (auto* handle : operator_->registry().expiring())
      for (std::uint32_t local = 0; local < setup_.slices.size(); ++local)
        handle->expire(local, epoch.watermark_after);
  }

  std::uint64_t emitted() const override {
    auto result = operator_->output().emitted() + dead_letters_.emitted();
    for (auto* side : operator_->side_outputs())
      result += side->output().emitted();
    return result;
  }

private:
  template <class Port>
  struct input {
    static constexpr bool broadcast = Port::broadcast;
    Port port;
    slice_order<typename Port::value_type> order;

    input(Port p, const hosted_slices& slices)
      : port(std::move(p)), order(slices) {}
  };

  template <class Visit>
  void each_input(Visit&& visit) {
    std::apply(
      [&](auto&... in) {
        std::uint16_t port = 0;
        (visit(in, port++), ...);
      },
      inputs_);
  }

  bool has_work(std::uint32_t local, const epoch_info& epoch) {
    auto result = operator_->timers().due(local, epoch.watermark_after);
    each_input([&](auto& in, std::uint16_t) {
      if constexpr (!std::remove_reference_t<decltype(in)>::broadcast)
        result = result || !in.order.of(local).empty();
    });
    return result;
  }

  template <class Input>
  void take_broadcast(Input& in, std::span<const input_run> runs) {
    using value_type = typename decltype(in.port)::value_type;
    auto& call = operator_->at_hand();
    call.may_emit = false;
    // Of no slice, so that all partitions draw the same.
    call.random = random_for(setup_.topology, setup_.operator_name,
                             hosted_slices::not_here, call.epoch.number);
    for (auto& run : runs) {
      auto& source = static_cast<const typed_batch<value_type>&>(*run.source);
      guarded(setup_, call.epoch, run.slice, [&] {
        for (auto i = run.first; i < run.first + run.count; ++i) {
          call.time = source.time(i);
          operator_->on_broadcast(source.values()[i]);
        }
      });
    }
    call.may_emit = true;
  }

  void process_slice(std::uint32_t local, const epoch_info& epoch) {
    auto& call = operator_->at_hand();
    call.slice = setup_.slices.id(local);
    call.cursor.local = local;
    call.random = random_for(setup_.topology, setup_.operator_name, call.slice,
                             epoch.number);
    each_output([&](emitter_base& out) { out.begin_slice(epoch, call.slice); });
    guarded(setup_, epoch, call.slice, [&] {
      each_input([&](auto& in, std::uint16_t port) {
        if constexpr (!std::remove_reference_t<decltype(in)>::broadcast)
          take(in, port, local);
      });
      fire_timers(local, epoch);
    });
    each_output([](emitter_base& out) { out.end_slice(); });
    call.cursor.key = nullptr;
    if (setup_.round_trip_state)
      round_trip(*this, setup_, local);
  }

  /// What a handler throws is blamed on the tuple at hand, but not what comes
  /// from beyond an output.
  template <class Input>
  void take(Input& in, std::uint16_t port, std::uint32_t local) {
    using value_type = typename decltype(in.port)::value_type;
    auto& call = operator_->at_hand();
    const tuple_view<value_type>* at = nullptr;
    auto here = [&] {
      auto index = static_cast<std::uint64_t>(at - in.order.of(local).data());
      return input_position{call.epoch.number, call.slice, port, index};
    };
    auto handle = [&](const tuple_view<value_type>& view) {
      at = &view;
      if (!setup_.skipped.empty()) [[unlikely]]
        if (set_aside(here(), view))
          return;
      const key_type& key = in.port.key_of(*view.value);
      call.cursor.key = &key;
      call.cursor.hash = hash_of(view.by, key);
      call.time = view.time;
      operator_->on(*view.value);
    };
    auto failed = [&](const char* why) {
      return operator_error{error_text(setup_, call.epoch, call.slice, why),
                            here()};
    };
    try {
      in.order.for_each(local, handle);
    } catch (const consumer_error&) {
      throw;
    } catch (const std::exception& error) {
      throw failed(error.what());
    } catch (...) {
      throw failed("something was thrown that is no std::exception");
    }
  }

  /// Makes a dead letter of a tuple that is to be skipped.
  template <class T>
  bool set_aside(const input_position& at, const tuple_view<T>& view) {
    auto found = setup_.skipped.find(at);
    if (found == setup_.skipped.end())
      return false;
    auto bytes = encoded(*view.value);
    dead_letters_.emit({setup_.operator_name,
                        at,
                        view.time,
                        found->second,
                        {bytes.begin(), bytes.end()}},
                       view.time);
    return true;
  }

  void fire_timers(std::uint32_t local, const epoch_info& epoch) {
    if constexpr (has_timers<Operator>) {
      auto& call = operator_->at_hand();
      auto fire = [&](event_time at, const key_type& key) {
        call.cursor.key = &key;
        call.cursor.hash = key_hasher{}(key);
        call.time = at;
        operator_->on_timer(at);
      };
      operator_->timers().fire_due(local, epoch.watermark_after, fire);
    }
  }

  static std::size_t hash_of(route by, const key_type& key) {
    if constexpr (std::same_as<key_type, no_key>)
      return key_hasher{}(key);
    else
      return by;
  }

  template <class Visit>
  void each_output(Visit&& visit) {
    visit(operator_->output());
    visit(dead_letters_);
    for (auto* side : operator_->side_outputs())
      visit(side->output());
  }

  instance_setup setup_;
  std::unique_ptr<Operator> operator_;
  emitter<dead_letter> dead_letters_;
  std::tuple<input<Ports>...> inputs_;
  std::vector<const watermark_tracker*> trackers_;
  std::vector<watermark_tracker*> all_trackers_;
};

} // namespace braid
