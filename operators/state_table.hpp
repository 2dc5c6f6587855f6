// State that is a table a slice, or one value a slice.
#pragma once

#include "operators/tracked_table.hpp"

#include <string>
#include <vector>

namespace braid {

/// One table a slice, from keys to `Value`.
template <class Key, class Value>
class state_table : public state_handle {
public:
  using table = tracked_table<Key, Value>;

  using state_handle::state_handle;

  /// Of the entries alone. Where these lie in the table itself, lookups overlap
  /// well enough as they are.
  std::size_t bytes() const override {
    if (!table::entries_apart)
      return 0;
    std::size_t entries = 0;
    for (auto& each : tables_)
      entries += each.size();
    return entries * table::entry_bytes;
  }

  void fetch(std::uint32_t local,
             std::span<const coming_key> keys) const override {
    tables_[local].fetch(keys);
  }

  table& of(std::uint32_t local) {
    return tables_[local];
  }

  const table& of(std::uint32_t local) const {
    return tables_[local];
  }

  void host(std::uint32_t slices) override {
    tables_.clear();
    tables_.resize(slices);
  }

  void save(std::uint32_t local, record_writer& out) const override {
    out.begin_state(name(), record_extent::everything);
    tables_[local].save({}, out);
    out.end();
  }

  bool changed(std::uint32_t local) const override {
    return tables_[local].changed();
  }

  void save_changes(std::uint32_t local, record_writer& out) override {
    out.begin_state(name(), record_extent::changes);
    tables_[local].save_changes({}, out);
    out.end();
  }

  void forget_changes(std::uint32_t local) override {
    tables_[local].forget_changes();
  }

  bool freeze(std::uint32_t local, record_extent extent) override {
    tables_[local].freeze(extent);
    return true;
  }

  void save_frozen(std::uint32_t local, record_writer& out) override {
    out.begin_state(name(), tables_[local].frozen_extent(),
                    tables_[local].frozen_classes());
    tables_[local].save_frozen({}, out);
    out.end();
  }

  void clear(std::uint32_t local) override {
    tables_[local].clear();
  }

  void apply(std::uint32_t local, record_reader& in) override {
    while (in.next_section())
      tables_[local].apply(in);
  }

private:
  std::vector<table> tables_;
};

/// One small value a slice.
template <class Value>
class slice_value : public state_handle {
public:
  using state_handle::state_handle;

  const Value& get(std::uint32_t local) const {
    return values_[local].value;
  }

  Value& edit(std::uint32_t local) {
    values_[local].changed = true;
    return values_[local].value;
  }

  void host(std::uint32_t slices) override {
    values_.clear();
    values_.resize(slices);
  }

  void save(std::uint32_t local, record_writer& out) const override {
    write_single_record(name(), values_[local].value, out);
  }

  bool changed(std::uint32_t local) const override {
    return values_[local].changed;
  }

  void save_changes(std::uint32_t local, record_writer& out) override {
    save(local, out);
    values_[local].changed = false;
  }

  void forget_changes(std::uint32_t local) override {
    values_[local].changed = false;
  }

  void clear(std::uint32_t local) override {
    values_[local] = {};
  }

  void apply(std::uint32_t local, record_reader& in) override {
    read_single_record(in, values_[local].value);
  }

private:
  struct tracked_value {
    Value value{};
    bool changed = false;
  };

  std::vector<tracked_value> values_;
};

} // namespace braid
