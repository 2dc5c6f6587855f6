#include "scaling/hot_key_detector.hpp"

#include "scaling/figures_in_words.hpp"

#include <cassert>
#include <cmath>

namespace braid {

std::string hot_key::warning(const std::string& operator_name) const {
  auto share = [](std::uint64_t permille) {
    return per_cent(static_cast<double>(permille) / 1000);
  };
  return "operator '" + operator_name + "': key " + name + " alone is "
         + share(share_permille) + " of its partition's tuples and keeps it "
         + share(busy_permille)
         + " busy; more partitions do not help, only less work for this key: "
           "combined() before its aggregate, or a key that is spread over "
           "several";
}

hot_key_detector::hot_key_detector(std::uint64_t threshold,
                                   std::uint64_t stride)
  : threshold_(threshold), stride_(stride), skip_(0) {
  assert(stride > 0);
  skip_ = next_distance() - 1;
}

std::optional<hot_key> hot_key_detector::on_interval(double busy) {
  std::optional<hot_key> result;
  const auto* heaviest = sketch_.heaviest();
  if (heaviest != nullptr && sketch_.total() >= least_samples
      && named_ == heaviest->item) {
    auto share = static_cast<double>(heaviest->certain())
                 / static_cast<double>(sketch_.total());
    if (share * busy * 100 >= static_cast<double>(threshold_))
      result =
        hot_key{heaviest->item, name_,
                static_cast<std::uint64_t>(std::llround(share * 1000)),
                static_cast<std::uint64_t>(std::llround(share * busy * 1000))};
  }
  sketch_.clear();
  auto is_new = result && told_ != result->hash;
  told_ = result ? std::optional{result->hash} : std::nullopt;
  return is_new ? result : std::nullopt;
}

bool hot_key_detector::add(std::uint64_t hash) {
  const auto& found = sketch_.add(hash);
  // A key far from being hot need not be named.
  auto leads = sketch_.total() >= least_samples / 2
               && found.certain() * 200 >= sketch_.total() * threshold_;
  if (!leads || named_ == hash)
    return false;
  named_ = hash;
  return true;
}

/// Evenly of 1 to 2 * stride - 1: `stride` on average.
std::uint64_t hot_key_detector::next_distance() {
  return 1 + random_.below(2 * stride_ - 1);
}

} // namespace braid
