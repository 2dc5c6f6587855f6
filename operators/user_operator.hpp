// Runs a user-written operator on a partition.
#pragma once

#include "operators/key_text.hpp"
#include "operators/operator_instance.hpp"
#include "operators/random.hpp"
#include "operators/state_fetcher.hpp"
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
      calls_(setup.operator_name, setup.skipped),
      inputs_(input<Ports>{std::move(ports), setup_.slices}...) {
    for (auto* handle : operator_->registry().handles()) {
      host(*handle, setup_);
      fetcher_.add(*handle);
    }
    host(operator_->timers(), setup_);
    for (auto* handle : operator_->shared_registry().handles())
      share(*handle);
    operator_->at_hand().fires_timers = has_timers<Operator>;
    chain_context context{setup_, edges_, trackers_, nullptr, all_trackers_};
    attach(*operator_, calls_.letters(), context);
    outputs_.push_back(&operator_->output());
    for (auto* side : operator_->side_outputs())
      outputs_.push_back(&side->output());
  }

  void process(const epoch_info& epoch,
               std::span<const input_run> runs) override {
    operator_->at_hand().epoch = epoch;
    fetcher_.begin_epoch(epoch.number);
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

  std::string key_text(const input_run& run,
                       std::uint32_t index) const override {
    std::string result;
    std::uint16_t port = 0;
    auto look = [&](auto& in) {
      using value_type = typename decltype(in.port)::value_type;
      if constexpr (!std::remove_reference_t<decltype(in)>::broadcast)
        if (port == run.port)
          result = key_text_of<value_type>(run, index, in.port.key_of);
      ++port;
    };
    std::apply([&](auto&... in) { (look(in), ...); }, inputs_);
    return result;
  }

  std::uint64_t emitted() const override {
    auto result = operator_->output().emitted() + calls_.letters().emitted();
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
    std::uint64_t index = 0;
    auto take = [&](const typed_batch<value_type>& source, std::uint32_t i) {
      call.time = source.time(i);
      operator_->on_broadcast(source.values()[i]);
      ++index;
    };
    try {
      for (auto& run : runs) {
        auto& source = static_cast<const typed_batch<value_type>&>(*run.source);
        for (auto i = run.first; i < run.first + run.count; ++i)
          take(source, i);
      }
    } catch (const std::exception& error) {
      throw broadcast_error(index, error.what());
    } catch (...) {
      throw broadcast_error(index,
                            "something was thrown that is no std::exception");
    }
    call.may_emit = true;
  }

  operator_error broadcast_error(std::uint64_t index, const char* why) const {
    return operator_error{
      "operator '" + setup_.operator_name + "', epoch "
      + std::to_string(operator_->at_hand().epoch.number) + ", tuple "
      + std::to_string(index) + " of the broadcast input: " + why
      + "; it cannot be passed over, because other partitions may have gone on "
        "with it: let on_broadcast catch what it cannot use"};
  }

  void process_slice(std::uint32_t local, const epoch_info& epoch) {
    auto& call = operator_->at_hand();
    call.slice = setup_.slices.id(local);
    call.cursor.local = local;
    call.random = random_for(setup_.topology, setup_.operator_name, call.slice,
                             epoch.number);
    in_slice(calls_, epoch, call.slice, outputs_, [&](const epoch_info& info) {
      each_input([&](auto& in, std::uint16_t port) {
        if constexpr (!std::remove_reference_t<decltype(in)>::broadcast)
          take(in, port, local, info);
      });
      fire_timers(local, info);
    });
    call.cursor.key = nullptr;
    if (setup_.round_trip_state)
      round_trip(*this, setup_, local);
  }

  /// What a handler throws is blamed on the tuple at hand, but not what comes
  /// from beyond an output.
  template <class Input>
  void take(Input& in, std::uint16_t port, std::uint32_t local,
            const epoch_info& info) {
    using value_type = typename decltype(in.port)::value_type;
    auto& call = operator_->at_hand();
    const tuple_view<value_type>* at = nullptr;
    auto handle = [&](const tuple_view<value_type>& view) {
      at = &view;
      const key_type& key = in.port.key_of(*view.value);
      call.cursor.key = &key;
      call.cursor.hash = hash_of(view.by, key);
      call.time = view.time;
      operator_->on(*view.value);
    };
    auto failed = [&](const char* why) {
      input_position here;
      here.epoch = info.number;
      here.slice = call.slice;
      here.port = port;
      here.index = static_cast<std::uint64_t>(at - in.order.of(local).data());
      return operator_error{error_text(setup_, info, call.slice, why), here};
    };
    auto take_some = [&](std::span<const tuple_view<value_type>> tuples) {
      auto all = [&](auto some) { in.order.for_each(some, handle); };
      if constexpr (std::same_as<key_type, no_key>)
        all(tuples);
      else
        fetcher_.ahead_of(local, tuples, in.port.key_of, all);
    };
    try {
      in_calls(info, port, in.order.of(local), take_some);
    } catch (const consumer_error&) {
      throw;
    } catch (const std::exception& error) {
      if (info.careful)
        throw;
      throw failed(error.what());
    } catch (...) {
      if (info.careful)
        throw;
      throw failed("something was thrown that is no std::exception");
    }
  }

  void fire_timers(std::uint32_t local, const epoch_info& info) {
    if constexpr (has_timers<Operator>) {
      auto& call = operator_->at_hand();
      auto fire = [&](event_time at, const key_type& key) {
        call.cursor.key = &key;
        call.cursor.hash = key_hasher{}(key);
        call.time = at;
        operator_->on_timer(at);
      };
      auto fire_alone = [&](event_time at, const key_type& key) {
        info.careful->timer(at, key, [&] { fire(at, key); });
      };
      if (info.careful) [[unlikely]]
        operator_->timers().fire_due(local, info.watermark_after, fire_alone);
      else
        operator_->timers().fire_due(local, info.watermark_after, fire);
    }
  }

  static std::size_t hash_of(route by, const key_type& key) {
    if constexpr (std::same_as<key_type, no_key>)
      return key_hasher{}(key);
    else
      return by;
  }

  instance_setup setup_;
  std::unique_ptr<Operator> operator_;
  state_fetcher<key_type> fetcher_;
  careful_calls calls_;
  std::vector<emitter_base*> outputs_; ///< but for dead letters
  std::tuple<input<Ports>...> inputs_;
  std::vector<const watermark_tracker*> trackers_;
  std::vector<watermark_tracker*> all_trackers_;
};

} // namespace braid
