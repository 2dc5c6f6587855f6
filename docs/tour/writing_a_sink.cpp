// The code of docs/writing_a_sink.md; compiled and run with the tests.
#include "actors/run_to_end.hpp"

#include "operators/braid.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <mutex>

// [columns]
struct deal {
  std::string symbol;
  double price = 0;
};

template <>
struct braid::columns<deal> {
  static constexpr std::array names{"symbol", "price"};

  static auto of(const deal& x) {
    return std::tie(x.symbol, x.price);
  }
};
// [columns]

namespace {

// [database]
/// Stands for a database: rows by key, where putting a row twice leaves one.
class database {
public:
  using row_key = std::pair<braid::slice_id, std::uint64_t>;

  void put(const std::map<row_key, std::string>& rows) {
    std::lock_guard guard{mutex_};
    for (auto& [key, text] : rows)
      rows_[key] = text;
  }

  std::map<row_key, std::string> rows() const {
    std::lock_guard guard{mutex_};
    return rows_;
  }

private:
  mutable std::mutex mutex_;
  std::map<row_key, std::string> rows_;
};
// [database]

// [writer]
/// Writes the n-th tuple of slice s as row (s, n). A position is that n.
class database_writer : public braid::sink_writer<std::string> {
public:
  explicit database_writer(std::shared_ptr<database> to) : to_(std::move(to)) {}

  void write(braid::slice_id slice,
             std::span<const braid::tuple_view<std::string>> tuples) override {
    auto& position = positions_[slice];
    for (auto& tuple : tuples)
      pending_[{slice, position++}] = *tuple.value;
  }

  void commit(const braid::epoch_info&) override {
    to_->put(pending_);
    pending_.clear();
  }

  std::uint64_t position(braid::slice_id slice) const override {
    auto found = positions_.find(slice);
    return found == positions_.end() ? 0 : found->second;
  }

  void seek(braid::slice_id slice, std::uint64_t position) override {
    positions_[slice] = position;
  }

private:
  std::shared_ptr<database> to_;
  std::map<database::row_key, std::string> pending_;
  std::map<braid::slice_id, std::uint64_t> positions_;
};
// [writer]

// [sink]
class database_sink {
public:
  explicit database_sink(std::shared_ptr<database> to) : to_(std::move(to)) {}

  std::optional<std::uint32_t> slices() const {
    return 4;
  }

  std::unique_ptr<braid::sink_writer<std::string>>
  open(const braid::sink_context&) const {
    return std::make_unique<database_writer>(to_);
  }

private:
  std::shared_ptr<database> to_;
};
// [sink]

// [any type]
/// Counts the tuples of a stream, whatever they are.
class counting_sink {
public:
  explicit counting_sink(std::shared_ptr<std::atomic<std::uint64_t>> to)
    : to_(std::move(to)) {}

  std::optional<std::uint32_t> slices() const {
    return std::nullopt;
  }

  template <class T>
  std::unique_ptr<braid::sink_writer<T>>
  open(const braid::sink_context&) const {
    return std::make_unique<writer<T>>(to_);
  }

private:
  template <class T>
  class writer : public braid::sink_writer<T> {
  public:
    explicit writer(std::shared_ptr<std::atomic<std::uint64_t>> to)
      : to_(std::move(to)) {}

    void write(braid::slice_id,
               std::span<const braid::tuple_view<T>> tuples) override {
      *to_ += tuples.size();
    }

  private:
    std::shared_ptr<std::atomic<std::uint64_t>> to_;
  };

  std::shared_ptr<std::atomic<std::uint64_t>> to_;
};
// [any type]

auto names(std::uint64_t count) {
  return braid::generate(
    [](std::uint64_t i) { return "name " + std::to_string(i); },
    {.count = count, .splits = 3});
}

} // namespace

TEST_CASE("a sink of one's own holds the same rows for any parallelism") {
  auto run = [](std::uint32_t parallelism) {
    auto result = std::make_shared<database>();
    auto count = std::make_shared<std::atomic<std::uint64_t>>(0);
    braid::topology topology{"names", {}};
    // [compose]
    auto stream = topology.source("names", names(100));
    stream.sink("database", database_sink{result});
    stream.sink("count", counting_sink{count});
    // [compose]
    braid::run_to_end(topology, {.parallelism = parallelism});
    CHECK(*count == 100);
    return result->rows();
  };
  auto rows = run(1);
  CHECK(rows.size() == 100);
  CHECK(run(3) == rows);
}

TEST_CASE("a sink of one's own that writes epochs again changes nothing") {
  auto result = std::make_shared<database>();
  std::string one = "one";
  std::string two = "two";
  using view = braid::tuple_view<std::string>;
  database_writer first{result};
  first.write(2, std::vector<view>{{&one, 0, 0}});
  first.commit({});
  auto checkpoint = first.position(2);
  first.write(2, std::vector<view>{{&two, 0, 0}});
  first.commit({});
  auto rows = result->rows();
  database_writer second{result};
  second.seek(2, checkpoint);
  second.write(2, std::vector<view>{{&two, 0, 0}});
  second.commit({});
  CHECK(rows.size() == 2);
  CHECK(result->rows() == rows);
}

TEST_CASE("columns of one's own are written as CSV") {
  std::string row;
  braid::append_csv_row(row, deal{"A,B", 1.5}, ',');
  CHECK(row == "\"A,B\",1.5");
}
