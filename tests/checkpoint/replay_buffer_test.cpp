#include "checkpoint/replay_buffer.hpp"

#include "operators/random.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <string>

using namespace braid;

namespace {

using buffer = replay_buffer<int>;

batch_ptr batch_of(int value, std::uint32_t count = 1) {
  batch_builder<int> builder;
  builder.begin_run(0);
  for (std::uint32_t i = 0; i < count; ++i)
    builder.append(value, 0);
  return builder.take();
}

int value_of(const batch_ptr& tuples) {
  return dynamic_cast<const typed_batch<int>&>(*tuples).values().front();
}

std::string batch_text(epoch_number epoch, int value) {
  return std::to_string(epoch) + ":" + std::to_string(value) + " ";
}

std::string close_text(epoch_number first, epoch_number last,
                       std::uint64_t tuples, int close) {
  return "[" + std::to_string(first) + "-" + std::to_string(last) + " "
         + std::to_string(tuples) + " #" + std::to_string(close) + "] ";
}

/// The next thing at the cursor, or nothing.
std::optional<std::string> next_text(const buffer& from, replay_cursor& at) {
  std::string result;
  auto found = from.next(
    at,
    [&](epoch_number epoch, const batch_ptr& tuples) {
      result = batch_text(epoch, value_of(tuples));
    },
    [&](const replayed_close<int>& x) {
      result = close_text(x.first, x.last, x.tuples, x.close);
    });
  return found ? std::optional{result} : std::nullopt;
}

std::string rest_text(const buffer& from, replay_cursor& at) {
  std::string result;
  while (auto text = next_text(from, at))
    result += *text;
  return result;
}

std::string text_after(const buffer& from, epoch_number epoch) {
  auto at = from.from(epoch);
  return rest_text(from, at);
}

/// Two epochs with data, three empty ones in one close, an open one.
void fill(buffer& sent) {
  sent.append(batch_of(1, 2));
  sent.append(batch_of(2));
  sent.close(1, 10);
  sent.append(batch_of(3));
  sent.close(5, 20);
  sent.append(batch_of(4));
}

/// What a buffer should hold: every epoch on its own.
class naive_buffer {
public:
  void append(int value, std::uint64_t tuples) {
    batches_[closed_ + 1].push_back(value);
    tuples_[closed_ + 1] += tuples;
  }

  void close(epoch_number last, int close) {
    closes_[last] = {closed_ + 1, close};
    closed_ = last;
  }

  std::string after(epoch_number epoch) const {
    std::string result;
    auto begin = epoch + 1;
    for (auto& [last, close] : closes_) {
      if (last < begin)
        continue;
      auto first = std::max(close.first, begin);
      result +=
        open(first) + close_text(first, last, count(first), close.second);
      begin = last + 1;
    }
    return result + open(std::max(begin, closed_ + 1));
  }

  epoch_number closed() const {
    return closed_;
  }

private:
  std::string open(epoch_number epoch) const {
    std::string result;
    if (auto found = batches_.find(epoch); found != batches_.end())
      for (auto value : found->second)
        result += batch_text(epoch, value);
    return result;
  }

  std::uint64_t count(epoch_number epoch) const {
    auto found = tuples_.find(epoch);
    return found == tuples_.end() ? 0 : found->second;
  }

  std::map<epoch_number, std::vector<int>> batches_;
  std::map<epoch_number, std::uint64_t> tuples_;
  std::map<epoch_number, std::pair<epoch_number, int>> closes_;
  epoch_number closed_ = 0;
};

} // namespace

TEST_CASE("a replay gives batches before closes, in order") {
  buffer sent;
  CHECK(text_after(sent, 0).empty());
  fill(sent);
  CHECK(text_after(sent, 0) == "1:1 1:2 [1-1 3 #10] 2:3 [2-5 1 #20] 6:4 ");
  CHECK(text_after(sent, 1) == "2:3 [2-5 1 #20] 6:4 ");
  CHECK(text_after(sent, 5) == "6:4 ");
  CHECK(text_after(sent, 6).empty());
}

TEST_CASE("a replay from inside a range of epochs has its empty ones only") {
  buffer sent;
  fill(sent);
  CHECK(text_after(sent, 3) == "[4-5 0 #20] 6:4 ");
}

TEST_CASE("trimming keeps what comes after, and nothing else") {
  buffer sent;
  fill(sent);
  sent.trim(1);
  CHECK(text_after(sent, 0) == "2:3 [2-5 1 #20] 6:4 ");
  SECTION("inside a range") {
    sent.trim(2);
    CHECK(text_after(sent, 0) == "[3-5 0 #20] 6:4 ");
    sent.trim(4);
    CHECK(text_after(sent, 0) == "[5-5 0 #20] 6:4 ");
  }
  SECTION("all that is closed") {
    sent.trim(5);
    CHECK(text_after(sent, 0) == "6:4 ");
    CHECK(sent.bytes() == batch_of(4)->bytes());
  }
  SECTION("less than before") {
    sent.trim(0);
    CHECK(sent.trimmed() == 1);
  }
}

TEST_CASE("a cursor reads on where it stood, whatever is added and trimmed") {
  buffer sent;
  auto at = sent.from(0);
  sent.append(batch_of(1));
  CHECK(rest_text(sent, at) == "1:1 ");
  CHECK_FALSE(next_text(sent, at));
  sent.append(batch_of(2));
  sent.close(1, 7);
  sent.append(batch_of(3));
  CHECK(rest_text(sent, at) == "1:2 [1-1 2 #7] 2:3 ");
  sent.trim(1);
  sent.append(batch_of(4));
  CHECK(rest_text(sent, at) == "2:4 ");
  SECTION("one that stands in what is trimmed goes on behind it") {
    auto behind = sent.from(1);
    CHECK(next_text(sent, behind) == "2:3 ");
    sent.close(2, 8);
    sent.append(batch_of(5));
    sent.trim(2);
    CHECK(rest_text(sent, behind) == "3:5 ");
  }
}

TEST_CASE("a buffer may begin after a checkpoint") {
  buffer sent{40};
  auto at = sent.from(40);
  sent.append(batch_of(1));
  sent.close(41, 1);
  CHECK(rest_text(sent, at) == "41:1 [41-41 1 #1] ");
  // A receiver that has sealed more than the sender has re-executed.
  auto ahead = sent.from(42);
  CHECK_FALSE(next_text(sent, ahead));
  sent.append(batch_of(2));
  sent.close(42, 2);
  CHECK_FALSE(next_text(sent, ahead));
  sent.append(batch_of(3));
  CHECK(rest_text(sent, ahead) == "43:3 ");
}

TEST_CASE("buffers count what they hold in one account, until they are gone") {
  auto account = std::make_shared<replay_account>(1'000'000);
  buffer one{0, account};
  fill(one);
  auto alone = one.bytes();
  CHECK(account->held() == alone);
  {
    buffer two{0, account};
    fill(two);
    CHECK(account->held() == 2 * alone);
    auto freed = two.bytes_up_to(3);
    two.trim(3);
    CHECK(two.bytes() == alone - freed);
    CHECK(account->held() == alone + two.bytes());
  }
  CHECK(account->held() == alone);
  one.trim(5);
  CHECK(account->held() == batch_of(4)->bytes());
}

TEST_CASE("a full account stops data, and keeps a reserve for what is under "
          "way") {
  replay_account account{1'000, 200};
  CHECK(account.may_add_data());
  CHECK_FALSE(account.wants_checkpoint());
  account.add(399);
  CHECK_FALSE(account.wants_checkpoint());
  account.add(1);
  CHECK(account.wants_checkpoint());
  account.add(399);
  CHECK(account.may_add_data());
  account.add(1);
  CHECK_FALSE(account.may_add_data());
  account.add(200);
  CHECK(account.held() == account.limit());
  account.remove(1'000);
  CHECK(account.may_add_data());
  CHECK_FALSE(account.wants_checkpoint());
}

TEST_CASE("an account says once that there is room again") {
  replay_account account{1'000, 200};
  int told = 0;
  account.on_room([&] { ++told; });
  account.add(900);
  account.remove(100);
  CHECK(told == 0);
  account.remove(1);
  CHECK(told == 1);
  account.remove(500);
  CHECK(told == 1);
  account.add(501);
  account.remove(800);
  CHECK(told == 2);
}

TEST_CASE("a reserve that leaves nothing is refused") {
  CHECK_THROWS_WITH(replay_account(100, 100), Catch::Contains("smaller"));
}

TEST_CASE("epochs close although the account is full") {
  auto account = std::make_shared<replay_account>(1);
  buffer sent{0, account};
  fill(sent);
  CHECK_FALSE(account->may_add_data());
  sent.close(9, 30);
  CHECK(sent.closed() == 9);
  sent.trim(9);
  CHECK(account->held() == 0);
}

TEST_CASE("a replay buffer does what a naive one does") {
  auto seed = GENERATE(range(0, 60));
  random_generator random{static_cast<std::uint64_t>(seed)};
  INFO("seed " << seed);
  auto account = std::make_shared<replay_account>(1'000'000);
  buffer sent{0, account};
  naive_buffer model;
  auto live = sent.from(0);
  for (int step = 0; step < 200; ++step) {
    switch (random.below(5)) {
      case 0:
      case 1: {
        auto count = static_cast<std::uint32_t>(1 + random.below(4));
        sent.append(batch_of(step, count));
        model.append(step, count);
        break;
      }
      case 2: {
        auto last = model.closed() + 1 + random.below(3) * random.below(3);
        sent.close(last, step);
        model.close(last, step);
        break;
      }
      case 3:
        sent.trim(model.closed() - std::min(model.closed(), random.below(9)));
        break;
      case 4:
        rest_text(sent, live);
        break;
    }
    auto after = random.below(model.closed() + 3);
    REQUIRE(text_after(sent, after)
            == model.after(std::max(after, sent.trimmed())));
    REQUIRE(account->held() == sent.bytes());
    // Unless a trim overtook it, the live cursor still has the end of what
    // there is from its epoch on.
    if (live.epoch > sent.trimmed()) {
      auto copy = live;
      auto whole = model.after(live.epoch - 1);
      auto rest = rest_text(sent, copy);
      REQUIRE(whole.size() >= rest.size());
      REQUIRE(whole.substr(whole.size() - rest.size()) == rest);
    }
  }
  sent.trim(sent.closed());
  CHECK(sent.bytes_up_to(sent.closed()) == 0);
}
