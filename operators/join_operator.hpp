// What joins of all kinds have in common: two inputs, and outputs for pairs and
// for tuples that came too late.
#pragma once

#include "operators/operator_instance.hpp"

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace braid {

/// The types of a join of tuples `L` and `R` by key, whose pairs `Function`
/// turns into results.
template <class L, class R, class LeftKey, class RightKey, class Function>
struct join_types {
  using left = L;
  using right = R;
  using key =
    std::remove_cvref_t<std::invoke_result_t<const LeftKey&, const L&>>;
  using result = std::remove_cvref_t<
    std::invoke_result_t<const Function&, const L&, const R&>>;

  LeftKey left_key;
  RightKey right_key;
  Function function;
};

/// What consumes the results of a join, its late tuples and its dead letters.
template <class Types>
struct join_outputs {
  template <class T>
  using spec = std::shared_ptr<output_spec<T>>;

  spec<typename Types::result> results =
    std::make_shared<output_spec<typename Types::result>>();
  spec<typename Types::left> late_left =
    std::make_shared<output_spec<typename Types::left>>();
  spec<typename Types::right> late_right =
    std::make_shared<output_spec<typename Types::right>>();
  spec<dead_letter> dead_letters = std::make_shared<output_spec<dead_letter>>();
};

/// One partition of a join. Left tuples come in at port 0, right ones at 1; in
/// an epoch a slice's left tuples come first.
template <class Types>
class join_operator : public operator_instance {
public:
  using left_type = typename Types::left;
  using right_type = typename Types::right;
  using key_type = typename Types::key;
  using result_type = typename Types::result;

  join_operator(const instance_setup& setup, Types types,
                const join_outputs<Types>& outputs)
    : setup_(setup), types_(std::move(types)), left_(setup_.slices),
      right_(setup_.slices), calls_(setup.operator_name, setup.skipped) {
    attach(*outputs.results, results_, setup_);
    attach(*outputs.late_left, late_left_, setup_);
    attach(*outputs.late_right, late_right_, setup_);
    attach(*outputs.dead_letters, calls_.letters(), setup_);
  }

  void process(const epoch_info& epoch, std::span<const input_run> runs) final {
    left_.arrange(runs_of_port(runs, 0));
    right_.arrange(runs_of_port(runs, 1));
    begin_epoch(epoch);
    for (std::uint32_t local = 0; local < setup_.slices.size(); ++local)
      if (!left_.of(local).empty() || !right_.of(local).empty()
          || due(local, epoch))
        process_slice(local, epoch);
  }

  std::uint64_t emitted() const final {
    return results_.emitted() + late_left_.emitted() + late_right_.emitted()
           + calls_.letters().emitted();
  }

protected:
  template <class T>
  using tuples = std::span<const tuple_view<T>>;

  virtual void begin_epoch(const epoch_info&) {}

  /// Whether the slice has something to do in this epoch even without input.
  virtual bool due(std::uint32_t local, const epoch_info& epoch) const = 0;

  /// Takes a slice's input of an epoch, and fires what is due at its end; all
  /// calls of user code by `in_calls` and `in_window_call`.
  virtual void join_slice(std::uint32_t local, const epoch_info& epoch,
                          tuples<left_type> left, tuples<right_type> right) = 0;

  std::uint32_t slices() const {
    return setup_.slices.size();
  }

  const Types& types() const {
    return types_;
  }

  void emit(const left_type& left, const right_type& right, event_time time) {
    results_.emit(types_.function(left, right), time);
  }

  emitter<left_type>& late_left() {
    return late_left_;
  }

  emitter<right_type>& late_right() {
    return late_right_;
  }

private:
  void process_slice(std::uint32_t local, const epoch_info& epoch) {
    emitter_base* outputs[] = {&results_, &late_left_, &late_right_};
    auto work = [&](const epoch_info& info) {
      join_slice(local, info, left_.of(local), right_.of(local));
    };
    in_slice(calls_, epoch, setup_.slices.id(local), outputs, work);
    if (setup_.round_trip_state)
      round_trip(*this, setup_, local);
  }

  instance_setup setup_;
  Types types_;
  slice_order<left_type> left_;
  slice_order<right_type> right_;
  emitter<result_type> results_;
  emitter<left_type> late_left_;
  emitter<right_type> late_right_;
  careful_calls calls_;
};

} // namespace braid
