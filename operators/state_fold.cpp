#include "operators/state_fold.hpp"

#include "operators/state_records.hpp"
#include "operators/varying_number.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tsl/robin_set.h>
#include <utility>
#include <vector>

namespace braid {

namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text});
}

/// The bytes of a key or value in a section whose keys or values have `size`.
std::size_t written_size(std::string_view text,
                         const std::optional<std::size_t>& size) {
  return size ? text.size() : varying_size(text.size()) + text.size();
}

std::optional<std::size_t>
if_the_same(const std::optional<std::size_t>& left,
            const std::optional<std::size_t>& right) {
  return left == right ? left : std::nullopt;
}

/// One section of the result. The sections that it is made of are added from
/// the newest to the oldest: the first record of a key is the one that counts.
class folded_section {
public:
  /// Takes the section that `in` is at; after the `oldest` none is added.
  void add(record_reader& in, bool oldest) {
    // What came before that replaces it.
    if (extent_ == record_extent::everything)
      return;
    extent_ = in.section_extent();
    sizes_ = sizes_ ? record_sizes{if_the_same(sizes_->key, in.sizes().key),
                                   if_the_same(sizes_->value, in.sizes().value)}
                    : in.sizes();
    if (touched_.empty() && !oldest)
      touched_.reserve(in.plausible_records());
    while (in.next_record())
      if (is_news(text_of(in.key()), oldest))
        records_.emplace_back(text_of(in.key()), text_of(in.value()));
    while (in.next_erased())
      if (is_news(text_of(in.key()), oldest))
        erased_.push_back(text_of(in.key()));
  }

  /// What `write` appends, without the beginning of the section.
  std::size_t bytes() const {
    std::size_t result = 0;
    for (auto& [key, value] : records_)
      result +=
        written_size(key, sizes_->key) + written_size(value, sizes_->value);
    for (auto key : erased_)
      result += written_size(key, sizes_->key);
    return result;
  }

  /// Writes the section if it says anything in its state, which may be
  /// `complete`: then there is nothing below it that it could change.
  void write(std::string_view group, bool complete, record_writer& out) const {
    auto above = !complete && extent_ == record_extent::changes;
    auto drops = !complete && extent_ == record_extent::everything;
    if (records_.empty() && !(above && !erased_.empty()) && !drops)
      return;
    out.begin_section(bytes_of(group), extent_, *sizes_);
    out.begin_records(records_.size());
    for (auto& record : records_) {
      out.key([&](byte_buffer& to) { to.append(bytes_of(record.first)); });
      out.value([&](byte_buffer& to) { to.append(bytes_of(record.second)); });
    }
    out.begin_erased(above ? erased_.size() : 0);
    if (above)
      for (auto key : erased_)
        out.key([&](byte_buffer& to) { to.append(bytes_of(key)); });
  }

private:
  bool is_news(std::string_view key, bool oldest) {
    return oldest ? !touched_.contains(key) : touched_.insert(key).second;
  }

  record_extent extent_ = record_extent::changes;
  std::optional<record_sizes> sizes_; ///< nothing: none was added
  std::vector<std::pair<std::string_view, std::string_view>> records_;
  std::vector<std::string_view> erased_;
  tsl::robin_set<std::string_view> touched_; ///< the keys of both
};

/// One state of the result, likewise.
class folded_state {
public:
  /// Takes the state that `in` is at in the part of this number. Parts have
  /// falling numbers, the oldest is 0.
  void add(record_reader& in, std::size_t part) {
    if (part >= added_)
      throw decode_error{"decoding state failed: two states of one name"};
    added_ = part;
    if (extent_ == record_extent::everything)
      return;
    extent_ = in.state_extent();
    for (auto& each : in.classes().all())
      classes_.add(each);
    // Nothing older counts.
    auto oldest = part == 0 || extent_ == record_extent::everything;
    std::set<std::string_view> seen;
    while (in.next_section()) {
      auto group = text_of(in.group());
      if (!seen.insert(group).second)
        throw decode_error{"decoding state failed: two sections of one group"};
      sections_[group].add(in, oldest);
    }
  }

  std::size_t bytes() const {
    std::size_t result = few + classes_.all().size() * few;
    for (auto& [group, section] : sections_)
      result += few + group.size() + section.bytes();
    return result;
  }

  void write(std::string_view name, record_writer& out) const {
    out.begin_state(name, extent_, classes_);
    for (auto& [group, section] : sections_)
      section.write(group, extent_ == record_extent::everything, out);
    out.end();
  }

private:
  /// More than a beginning takes.
  static constexpr std::size_t few = 64;

  std::size_t added_ = ~std::size_t{0}; ///< the part that was last
  record_extent extent_ = record_extent::changes;
  saved_classes classes_;
  std::map<std::string_view, folded_section> sections_;
};

} // namespace

byte_buffer fold_all(std::span<const std::span<const std::byte>> parts) {
  std::map<std::string_view, folded_state> states;
  for (auto part = parts.size(); part > 0;) {
    record_reader in{parts[--part]};
    while (in.next_state())
      states[in.name()].add(in, part);
  }
  std::size_t size = 1;
  for (auto& [name, state] : states)
    size += name.size() + state.bytes();
  byte_buffer result;
  result.reserve(size);
  record_writer out{result};
  for (auto& [name, state] : states)
    state.write(name, out);
  out.end();
  return result;
}

byte_buffer fold(std::span<const std::byte> base,
                 std::span<const std::byte> changes) {
  return fold_all(std::array{base, changes});
}

} // namespace braid
