// How long this node has been without the data connections that it needs.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace braid {

/// A link dials again by itself; this tells when that has not helped for too
/// long, so that somebody decides. Pure: time passes only through arguments.
class link_watch {
public:
  using clock = std::chrono::steady_clock;

  void on_up(const std::string& peer) {
    up_.insert(peer);
    missing_.erase(peer);
  }

  void on_down(const std::string& peer) {
    up_.erase(peer);
  }

  /// Nobody could decide until now: all have their time again.
  void begin_anew() {
    missing_.clear();
  }

  /// Of the peers that are `needed` now, those without a connection for longer
  /// than `limit`; each of them again after as long again.
  std::vector<std::string> overdue(const std::set<std::string>& needed,
                                   clock::time_point now,
                                   std::chrono::microseconds limit) {
    std::erase_if(missing_, [&](auto& x) { return !needed.contains(x.first); });
    std::vector<std::string> result;
    for (auto& peer : needed) {
      if (up_.contains(peer))
        continue;
      auto& since = missing_.try_emplace(peer, now).first->second;
      if (now - since <= limit)
        continue;
      since = now;
      result.push_back(peer);
    }
    return result;
  }

private:
  std::set<std::string> up_;
  std::map<std::string, clock::time_point> missing_; ///< since when
};

} // namespace braid
