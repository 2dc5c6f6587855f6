// What the builder knows about a user-written operator before it runs.
#pragma once

#include "operators/topology.hpp"
#include "operators/user_operator.hpp"

#include <functional>
#include <memory>
#include <string>
#include <typeindex>
#include <vector>

namespace braid {

/// A user's operator that takes tuples of type `T`.
template <class Operator, class T>
concept operator_on = requires {
  typename Operator::key_type;
  typename Operator::output_type;
}
&&handles<Operator, T>;

/// An operator and the side outputs it declares, so that `stream::side` finds
/// them.
struct declared_outputs {
  struct entry {
    std::string name;
    std::type_index type;
    std::shared_ptr<void> spec; ///< an output_spec of `type`
  };

  operator_id from = 0;
  std::string operator_name;
  std::vector<entry> entries;
  std::shared_ptr<output_spec<dead_letter>> dead_letters;

  /// What there is, for messages.
  std::string names() const {
    if (entries.empty())
      return "it has none: declare a side_output member";
    std::string result;
    for (auto& one : entries)
      result += (result.empty() ? "it has '" : ", '") + one.name + "'";
    return result;
  }

  /// Throws `topology_error` if there is one of this name already.
  void add(const std::string& name, std::type_index type,
           std::shared_ptr<void> spec) {
    for (auto& other : entries)
      if (other.name == name)
        throw topology_error{"operator '" + operator_name
                             + "' has two side outputs named '" + name
                             + "'; give each its own name"};
    entries.push_back({name, type, std::move(spec)});
  }
};

/// How to make `Operator`, and what consumes its outputs.
template <class Operator>
struct operator_spec {
  using output_type = typename Operator::output_type;

  std::function<std::unique_ptr<Operator>()> create;
  std::shared_ptr<output_spec<output_type>> main =
    std::make_shared<output_spec<output_type>>();
  std::shared_ptr<declared_outputs> outputs =
    std::make_shared<declared_outputs>();

  /// For operator `name`, constructed from `args`. Throws `topology_error` if
  /// its declaration is wrong.
  template <class... Args>
  static operator_spec of(const std::string& name, Args... args) {
    operator_spec spec;
    spec.create = [args...] { return std::make_unique<Operator>(args...); };
    spec.outputs->operator_name = name;
    spec.outputs->dead_letters = std::make_shared<output_spec<dead_letter>>();
    // One is made right away: it knows its states and outputs.
    auto prototype = spec.create();
    auto own_states = prototype->registry();
    own_states.add(prototype->timers());
    for (auto& states : {own_states, prototype->shared_registry()})
      if (auto twice = states.duplicate_name(); !twice.empty())
        throw topology_error{"operator '" + name + "' has two states named '"
                             + twice + "'; give each its own name"};
    for (auto* side : prototype->side_outputs())
      spec.outputs->add(side->name(), side->type(), side->make_spec());
    return spec;
  }

  /// Makes partitions of the operator with these ports.
  template <class... Ports>
  auto make(Ports... ports) const {
    auto attach = [main = main, outputs = outputs](
                    Operator& op, emitter<dead_letter>& dead_letters,
                    chain_context& context) {
      main->attach(op.output(), context);
      outputs->dead_letters->attach(dead_letters, context);
      for (std::size_t i = 0; i < op.side_outputs().size(); ++i)
        op.side_outputs()[i]->attach(outputs->entries[i].spec.get(), context);
    };
    return
      [create = create, attach, ports...](
        const instance_setup& setup) -> std::unique_ptr<operator_instance> {
        return std::make_unique<user_operator<Operator, Ports...>>(
          setup, create(), attach, ports...);
      };
  }
};

} // namespace braid
