// State that an older build saved: read by its version, or refused.
#include "tests/operators/state_owner.hpp"

#include "operators/state_fold.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::test;
using Catch::Matchers::Contains;

namespace {

/// What builds make of one class that they all call `session`: to the engine
/// these are four classes, so saved state is told that it is another's.
struct session_0 {
  std::uint32_t clicks = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& clicks;
  }
};

struct session_1 {
  std::uint32_t clicks = 0;
  std::string page = "none";

  template <class Archive>
  void serialize(Archive& archive, unsigned version) {
    archive& clicks;
    if (version >= 1)
      archive& page;
  }
};

struct raw_session {
  std::uint32_t clicks = 0;
};

struct longer_raw_session {
  std::uint64_t clicks = 0;
};

} // namespace

template <>
inline constexpr bool braid::encode_by_fields<session_0> = true;
BOOST_CLASS_VERSION(session_1, 1)

namespace {

/// One build of an operator with a value a number.
template <class Session>
struct build {
  owner<int> at;
  value_state<int, Session> value{at, "session"};
  list_state<int, Session> list{at, "list"};
  int at_hand = 0; ///< the key

  build() {
    at.handles.host(1);
  }

  build(const build&) = delete;
  build& operator=(const build&) = delete;

  void set(int key, Session session) {
    point_to(key);
    list.append(session);
    value.set(std::move(session));
  }

  Session get(int key) {
    point_to(key);
    return value.get();
  }

  void point_to(int key) {
    at_hand = key;
    at.point_to(at_hand);
  }

  byte_buffer saved() const {
    byte_buffer result;
    at.handles.save(0, result);
    return result;
  }

  byte_buffer changes() {
    byte_buffer result;
    at.handles.save_changes(0, result);
    return result;
  }
};

template <class T>
std::uint64_t id_of() {
  return encoding::class_id(typeid(T).name());
}

/// The same state, if class `From` had been called `To`.
template <class From, class To>
byte_buffer renamed(byte_buffer bytes) {
  auto from = id_of<From>();
  auto to = id_of<To>();
  for (std::size_t i = 0; i + sizeof(from) <= bytes.size(); ++i)
    if (std::memcmp(bytes.data() + i, &from, sizeof(from)) == 0)
      std::memcpy(bytes.data() + i, &to, sizeof(to));
  return bytes;
}

template <class Build>
std::string error_of_loading(Build& into, const byte_buffer& bytes) {
  try {
    into.at.handles.load(0, bytes.bytes());
  } catch (const decode_error& error) {
    return error.what();
  }
  return {};
}

} // namespace

TEST_CASE("state of an older version is read by it") {
  build<session_0> old;
  old.set(1, {10});
  old.set(2, {20});
  build<session_1> now;
  now.at.handles.load(0, renamed<session_0, session_1>(old.saved()).bytes());
  CHECK(now.get(1).clicks == 10);
  CHECK(now.get(2).page == "none");
  CHECK(now.list.get().front().clicks == 20);
}

TEST_CASE("state of an older version is saved anew as a whole, once") {
  build<session_0> old;
  old.set(1, {10});
  old.set(2, {20});
  auto before = renamed<session_0, session_1>(old.saved());
  build<session_1> now;
  now.at.handles.load(0, before.bytes());
  CHECK(now.at.handles.changed(0));
  now.set(1, {11, "home"});
  auto folded = fold(before.bytes(), now.changes().bytes());
  CHECK_FALSE(now.at.handles.changed(0));

  build<session_1> again;
  again.at.handles.load(0, folded.bytes());
  CHECK_FALSE(again.at.handles.changed(0));
  CHECK(again.saved() == now.saved());
  CHECK(again.get(1).page == "home");
  CHECK(again.get(2).clicks == 20);

  // From here on changes are as usual.
  again.set(2, {21, "end"});
  auto changes = again.changes();
  CHECK(changes.size() < again.saved().size());
  now.at.handles.load(0, fold(folded.bytes(), changes.bytes()).bytes());
  CHECK(now.get(2).page == "end");
}

TEST_CASE("a full copy of state of an older version is of the new one") {
  build<session_0> old;
  old.set(1, {10});
  build<session_1> now;
  now.at.handles.load(0, renamed<session_0, session_1>(old.saved()).bytes());
  now.at.handles.forget_changes(0);
  CHECK_FALSE(now.at.handles.changed(0));
}

TEST_CASE("changes of another version are not folded into a copy") {
  build<session_0> old;
  old.set(1, {10});
  old.changes();
  old.set(1, {11});
  build<session_1> now;
  now.set(1, {12, "x"});
  auto base = renamed<session_1, session_0>(now.saved());
  CHECK_THROWS_AS(fold(base.bytes(), old.changes().bytes()), decode_error);
}

TEST_CASE("a newer version than this build knows is one clear error") {
  build<session_1> newer;
  newer.set(1, {1, "x"});
  build<session_0> now;
  CHECK_THAT(
    error_of_loading(now, renamed<session_1, session_0>(newer.saved())),
    Contains("state 'session'") && Contains("session_0")
      && Contains("saved as version 1") && Contains("up to version 0"));
}

TEST_CASE("copied classes that changed are refused, not misread") {
  build<raw_session> old;
  old.set(1, {1});
  build<longer_raw_session> now;
  CHECK_THAT(error_of_loading(now, old.saved()),
             Contains("state 'session'")
               && Contains("4 bytes, and take 8 bytes now"));
  // A list has no size of its own: its elements do.
  owner<int> lists;
  list_state<int, longer_raw_session> list{lists, "list"};
  lists.handles.host(1);
  build<raw_session> two;
  two.at.handles.host(1);
  const int key = 1;
  two.at.point_to(key);
  two.list.set({{1}, {2}});
  two.value.clear();
  byte_buffer bytes;
  record_writer out{bytes};
  two.list.save(0, out);
  out.end();
  CHECK_THROWS_WITH(
    lists.handles.load(0,
                       renamed<raw_session, longer_raw_session>(bytes).bytes()),
    Contains("state 'list'") && Contains("4 bytes")
      && Contains("has 8 bytes now"));
}

TEST_CASE("state without classes takes no byte more") {
  owner<int> at;
  value_state<int, std::uint64_t> value{at, "value"};
  at.handles.host(1);
  const int key = 1;
  at.point_to(key);
  value.set(1);
  byte_buffer bytes;
  at.handles.save(0, bytes);
  // Tag, name, section (tag, group, sizes, count, record, count, end), end.
  CHECK(bytes.size() == 1 + 6 + (1 + 1 + 2 + 1 + 12 + 1 + 1) + 1);
}
