#include "actors/savepoint_keeper.hpp"

#include "actors/log.hpp"
#include "actors/savepoint_folder.hpp"

#include <caf/all.hpp>

#include <algorithm>

namespace braid {

namespace {

using self_pointer = caf::stateful_actor<savepoint_keeper_state>*;

/// Orders that have failed are remembered for a while.
constexpr std::size_t orders_remembered = 100;

const savepoint_report* order_of(self_pointer self, const std::string& name) {
  auto& orders = self->state.orders;
  auto found = std::find_if(orders.rbegin(), orders.rend(),
                            [&](auto& x) { return x.name == name; });
  return found == orders.rend() ? nullptr : &*found;
}

std::vector<savepoint_report> list(self_pointer self) {
  auto result = list_savepoints(self->state.folder);
  result.insert(result.end(), self->state.orders.begin(),
                self->state.orders.end());
  return result;
}

savepoint_report status_of(self_pointer self, const std::string& name) {
  if (auto* order = order_of(self, name))
    return *order;
  auto path = savepoint_path(self->state.folder, name);
  if (!std::filesystem::exists(path))
    throw std::runtime_error{"there is no savepoint '" + name
                             + "'; 'braidctl savepoint list' shows them"};
  return describe(savepoint_input{path});
}

control_reply answer(self_pointer self, const control_request& asked) {
  try {
    switch (asked.kind) {
      case request_kind::savepoints:
        return {"", to_body(list(self))};
      case request_kind::savepoint_status:
        return {"",
                to_body(status_of(self, from_body<std::string>(asked.body)))};
      case request_kind::verify_savepoint:
        return {"",
                to_body(describe(*open_whole_savepoint(
                  self->state.folder, from_body<std::string>(asked.body))))};
      default:
        return {"", to_body(self->state.origins.pieces(
                      from_body<content_request>(asked.body)))};
    }
  } catch (const std::exception& error) {
    return {error.what(), {}, false};
  }
}

void on_report(self_pointer self, const savepoint_report& report) {
  auto& orders = self->state.orders;
  std::erase_if(orders, [&](auto& x) { return x.name == report.name; });
  // From now on the file speaks for itself.
  if (report.stage != savepoint_stage::written)
    orders.push_back(report);
  if (orders.size() > orders_remembered)
    orders.erase(orders.begin());
}

} // namespace

caf::behavior savepoint_keeper(self_pointer self,
                               std::filesystem::path folder) {
  self->state.folder = std::move(folder);
  return {
    [=](open_savepoint_atom, const std::string& name) -> opened_savepoint {
      try {
        return {open_whole_savepoint(self->state.folder, name), ""};
      } catch (const std::exception& error) {
        return {nullptr, error.what()};
      }
    },
    [=](const control_request& asked) { return answer(self, asked); },
    [=](const savepoint_report& report) { on_report(self, report); },
    [=](const savepoint_pruning& what) {
      try {
        prune_savepoints(self->state.folder, what.run, what.keep);
      } catch (const std::exception& error) {
        log("topology")->warn("cannot remove savepoints: {}", error.what());
      }
    },
    [=](const run_origin& what) {
      if (what.origin)
        self->state.origins.add(what.run, what.origin);
      else
        self->state.origins.forget(what.run);
    },
    [=](const earlier_origin& what) {
      auto trouble = self->state.origins.open_again(what.plan, *what.graph);
      if (!trouble.empty())
        log("topology")->error("{}", trouble);
    },
  };
}

} // namespace braid
