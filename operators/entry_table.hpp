// Hash tables by key, and which kind of them suits entries of which size.
#pragma once

#include "operators/key_hash.hpp"
#include "operators/object_pool.hpp"

#include <cstddef>
#include <iterator>
#include <memory>
#include <new>
#include <tsl/robin_map.h>
#include <tsl/robin_set.h>
#include <tuple>
#include <type_traits>
#include <utility>

namespace braid {

/// A hash table by key, whose stored hash comes along with the tuples.
template <class Key, class Value>
using key_table = tsl::robin_map<Key, Value, key_hasher, key_equal>;

/// A hash table whose entries lie densely, apart from it: what it leaves free
/// so that keys are found quickly is no more than a pointer each. An entry
/// stays where it is until it is erased. Otherwise as `key_table`, as far as
/// tables of state need it.
template <class Key, class Value>
class entry_table {
public:
  using value_type = std::pair<Key, Value>;

private:
  struct hasher {
    std::size_t operator()(const Key& key) const {
      return key_hasher{}(key);
    }

    std::size_t operator()(const value_type* entry) const {
      return key_hasher{}(entry->first);
    }
  };

  struct equal {
    using is_transparent = void;

    static const Key& key_of(const Key& key) {
      return key;
    }

    static const Key& key_of(const value_type* entry) {
      return entry->first;
    }

    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return key_equal{}(key_of(a), key_of(b));
    }
  };

  // The hash beside each pointer saves most looks at entries of other keys, and
  // all of them while the table grows.
  using index = tsl::robin_set<value_type*, hasher, equal,
                               std::allocator<value_type*>, true>;

public:
  /// Of entries in no order. `value` is the one that may be changed.
  class const_iterator {
  public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = const entry_table::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = value_type*;
    using reference = value_type&;

    const_iterator() = default;
    explicit const_iterator(typename index::const_iterator at) : at_(at) {}

    reference operator*() const {
      return **at_;
    }

    pointer operator->() const {
      return *at_;
    }

    const_iterator& operator++() {
      ++at_;
      return *this;
    }

    const_iterator operator++(int) {
      auto before = *this;
      ++at_;
      return before;
    }

    bool operator==(const const_iterator& other) const {
      return at_ == other.at_;
    }

  protected:
    typename index::const_iterator at_;
    friend class entry_table;
  };

  class iterator : public const_iterator {
  public:
    using const_iterator::const_iterator;

    Value& value() const {
      return (*this->at_)->second;
    }

    iterator& operator++() {
      const_iterator::operator++();
      return *this;
    }
  };

  entry_table() {
    index_.max_load_factor(0.75F);
  }

  entry_table(entry_table&&) noexcept = default;

  entry_table& operator=(entry_table&& other) noexcept {
    std::swap(index_, other.index_);
    std::swap(entries_, other.entries_);
    return *this;
  }

  ~entry_table() {
    destroy_all();
  }

  std::size_t size() const {
    return index_.size();
  }

  bool empty() const {
    return index_.empty();
  }

  iterator begin() {
    return iterator{index_.cbegin()};
  }

  iterator end() {
    return iterator{index_.cend()};
  }

  const_iterator begin() const {
    return const_iterator{index_.cbegin()};
  }

  const_iterator end() const {
    return const_iterator{index_.cend()};
  }

  iterator find(const Key& key, std::size_t hash) {
    return iterator{std::as_const(index_).find(key, hash)};
  }

  const_iterator find(const Key& key, std::size_t hash) const {
    return const_iterator{index_.find(key, hash)};
  }

  iterator find(const Key& key) {
    return find(key, key_hasher{}(key));
  }

  /// Makes room for so many entries.
  void reserve(std::size_t count) {
    index_.reserve(count);
  }

  template <class K, class... Args>
  std::pair<iterator, bool> try_emplace(K&& key, Args&&... args) {
    auto hash = key_hasher{}(key);
    if (auto found = find(key, hash); found != end())
      return {found, false};
    auto* made = make(std::forward<K>(key), std::forward<Args>(args)...);
    try {
      return {iterator{index_.insert(made).first}, true};
    } catch (...) {
      destroy(made);
      throw;
    }
  }

  /// Returns what follows it.
  iterator erase(const iterator& at) {
    auto* entry = *at.at_;
    auto next = index_.erase(at.at_);
    destroy(entry);
    return iterator{next};
  }

  void erase(const Key& key) {
    if (auto found = find(key); found != end())
      erase(found);
  }

  void clear() {
    destroy_all();
    index_.clear();
    entries_.clear();
  }

private:
  template <class K, class... Args>
  value_type* make(K&& key, Args&&... args) {
    auto* place = entries_.take();
    try {
      return new (place) value_type(
        std::piecewise_construct, std::forward_as_tuple(std::forward<K>(key)),
        std::forward_as_tuple(std::forward<Args>(args)...));
    } catch (...) {
      entries_.give_back(place);
      throw;
    }
  }

  void destroy(value_type* entry) noexcept {
    entry->~value_type();
    entries_.give_back(entry);
  }

  void destroy_all() noexcept {
    if constexpr (!std::is_trivially_destructible_v<value_type>)
      for (auto* entry : index_)
        entry->~value_type();
  }

  index index_;
  object_pool<value_type> entries_;
};

/// Entries of up to a line of the cache lie in the table itself: at hand at
/// once, though half of the table or more is empty.
template <class Key, class Value>
using state_entries =
  std::conditional_t<(sizeof(std::pair<Key, Value>) > 64),
                     entry_table<Key, Value>, key_table<Key, Value>>;

} // namespace braid
