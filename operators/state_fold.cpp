#include "operators/state_fold.hpp"

#include "operators/state_records.hpp"

#include <map>
#include <optional>
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

/// A section whose records are found by key.
struct section_changes {
  record_extent extent{};
  record_sizes sizes;
  std::vector<std::pair<std::string_view, std::string_view>> records;
  std::vector<std::string_view> erased;
  /// The keys of both.
  tsl::robin_set<std::string_view> touched;
};

/// A state's sections, by group.
struct state_changes {
  record_extent extent = record_extent::changes;
  saved_classes classes;
  std::map<std::string_view, section_changes> sections;
};

/// A slice's states, by name.
using slice_changes = std::map<std::string_view, state_changes>;

section_changes read_section(record_reader& in) {
  section_changes result;
  result.extent = in.section_extent();
  result.sizes = in.sizes();
  while (in.next_record()) {
    result.records.emplace_back(text_of(in.key()), text_of(in.value()));
    result.touched.insert(text_of(in.key()));
  }
  while (in.next_erased()) {
    result.erased.push_back(text_of(in.key()));
    result.touched.insert(text_of(in.key()));
  }
  return result;
}

slice_changes read_changes(std::span<const std::byte> bytes) {
  slice_changes result;
  record_reader in{bytes};
  while (in.next_state()) {
    auto [state, added] = result.try_emplace(in.name());
    if (!added)
      throw decode_error{"decoding state failed: two states of one name"};
    state->second.extent = in.state_extent();
    state->second.classes = in.classes();
    while (in.next_section()) {
      auto group = text_of(in.group());
      if (!state->second.sections.try_emplace(group, read_section(in)).second)
        throw decode_error{"decoding state failed: two sections of one group"};
    }
  }
  return result;
}

/// A section in the making: how many records it has is known at the end.
class section_builder {
public:
  explicit section_builder(const record_sizes& sizes)
    : sizes_(sizes), record_writer_(records_, sizes),
      erased_writer_(erased_, sizes) {}

  section_builder(const section_builder&) = delete;
  section_builder& operator=(const section_builder&) = delete;

  void add(std::string_view key, std::string_view value) {
    record_writer_.key([&](byte_buffer& out) { out.append(bytes_of(key)); });
    record_writer_.value(
      [&](byte_buffer& out) { out.append(bytes_of(value)); });
    ++record_count_;
  }

  void erase(std::string_view key) {
    erased_writer_.key([&](byte_buffer& out) { out.append(bytes_of(key)); });
    ++erased_count_;
  }

  bool empty() const {
    return record_count_ == 0 && erased_count_ == 0;
  }

  void write(std::string_view group, record_extent extent,
             byte_buffer& out) const {
    record_writer writer{out};
    writer.begin_section(bytes_of(group), extent, sizes_);
    writer.begin_records(record_count_);
    out.append(records_);
    writer.begin_erased(erased_count_);
    out.append(erased_);
  }

private:
  record_sizes sizes_;
  byte_buffer records_;
  byte_buffer erased_;
  record_writer record_writer_;
  record_writer erased_writer_;
  std::uint64_t record_count_ = 0;
  std::uint64_t erased_count_ = 0;
};

std::optional<std::size_t>
if_the_same(const std::optional<std::size_t>& left,
            const std::optional<std::size_t>& right) {
  return left == right ? left : std::nullopt;
}

/// Writes one state of the result, section by section.
class state_folder {
public:
  state_folder(std::string_view name, record_extent extent,
               saved_classes classes, byte_buffer& out)
    : complete_(extent == record_extent::everything), out_(out), state_(out) {
    state_.begin_state(name, extent);
    state_.classes() = std::move(classes);
  }

  /// Takes the section that `base` is at, with `changes` made to it.
  void merge(record_reader& base, const section_changes& changes) {
    auto extent = base.section_extent();
    auto group = text_of(base.group());
    section_builder built{
      {if_the_same(base.sizes().key, changes.sizes.key),
       if_the_same(base.sizes().value, changes.sizes.value)}};
    while (base.next_record())
      if (!changes.touched.contains(text_of(base.key())))
        built.add(text_of(base.key()), text_of(base.value()));
    while (base.next_erased())
      if (!changes.touched.contains(text_of(base.key())))
        erase(built, text_of(base.key()), extent);
    add(built, changes, extent);
    write(built, group, extent);
  }

  /// Takes the section that `base` is at.
  void keep(record_reader& base) {
    section_changes none;
    none.sizes = base.sizes();
    merge(base, none);
  }

  /// Takes a section of changes alone.
  void take(std::string_view group, const section_changes& changes) {
    section_builder built{changes.sizes};
    add(built, changes, changes.extent);
    write(built, group, changes.extent);
  }

  void end() {
    state_.end();
  }

private:
  void add(section_builder& built, const section_changes& changes,
           record_extent extent) const {
    for (auto& [key, value] : changes.records)
      built.add(key, value);
    for (auto key : changes.erased)
      erase(built, key, extent);
  }

  /// Erasures count only as long as there may be something below.
  void erase(section_builder& built, std::string_view key,
             record_extent extent) const {
    if (!complete_ && extent == record_extent::changes)
      built.erase(key);
  }

  void write(const section_builder& built, std::string_view group,
             record_extent extent) {
    auto drops = !complete_ && extent == record_extent::everything;
    if (!built.empty() || drops)
      built.write(group, extent, out_);
  }

  bool complete_;
  byte_buffer& out_;
  record_writer state_;
};

/// Makes `changes` to the state that `base` is at.
void fold_state(record_reader& base, state_changes& changes, byte_buffer& out) {
  auto replaced = changes.extent == record_extent::everything;
  auto classes = changes.classes;
  if (!replaced)
    for (auto& each : base.classes().all())
      classes.add(each);
  state_folder result{base.name(),
                      replaced ? changes.extent : base.state_extent(),
                      std::move(classes), out};
  while (!replaced && base.next_section()) {
    auto found = changes.sections.find(text_of(base.group()));
    if (found == changes.sections.end()) {
      result.keep(base);
    } else if (found->second.extent == record_extent::changes) {
      result.merge(base, found->second);
      changes.sections.erase(found);
    }
  }
  for (auto& [group, section] : changes.sections)
    result.take(group, section);
  result.end();
}

} // namespace

byte_buffer fold(std::span<const std::byte> base,
                 std::span<const std::byte> changes) {
  auto pending = read_changes(changes);
  byte_buffer result;
  result.reserve(base.size() + changes.size());
  record_reader in{base};
  while (in.next_state()) {
    state_changes none;
    auto found = pending.find(in.name());
    auto changed = found != pending.end();
    fold_state(in, changed ? found->second : none, result);
    if (changed)
      pending.erase(found);
  }
  for (auto& [name, state] : pending) {
    state_folder added{name, state.extent, state.classes, result};
    for (auto& [group, section] : state.sections)
      added.take(group, section);
    added.end();
  }
  record_writer{result}.end();
  return result;
}

} // namespace braid
