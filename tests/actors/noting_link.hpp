// A link that only remembers what it was asked to do.
#pragma once

#include "actors/link.hpp"

#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>

namespace braid::testing {

/// For one thread.
class noting_link final : public link_layer {
public:
  /// To whom frames went since this was called last.
  std::set<std::string> take() {
    return std::exchange(sent_to_, {});
  }

  /// Whose connections were broken, and why.
  const std::map<std::string, std::string>& broken() const {
    return broken_;
  }

  using link_layer::send;

  void send(const std::string& node, std::span<outgoing_frame>) override {
    sent_to_.insert(node);
  }

  std::uint64_t queued_bytes(const std::string&) const override {
    return 0;
  }

  void add_peer(const std::string&, std::uint64_t, const std::string&,
                std::uint16_t) override {}

  void break_connection(const std::string& name,
                        const std::string& reason) override {
    broken_.emplace(name, reason);
  }

  void remove_peer(const std::string&) override {}

private:
  std::set<std::string> sent_to_;
  std::map<std::string, std::string> broken_;
};

} // namespace braid::testing
