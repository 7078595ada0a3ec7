// Look-ups by themselves. Under AddressSanitizer this is the proof that every list of the system is freed:
// its leak checker looks when the program ends.
#include <arpa/inet.h>
#include <netdb.h>
#include <sched.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "../../native/names/address_lookup.h"
#include "../../native/names/host_lookup.h"
#include "../../native/names/interfaces.h"
#include "../../native/names/lookup_threads.h"
#include "../../native/names/name_lookup.h"
#include "../../native/testing/name_faults.h"
#include "check.h"

namespace pollux::test {
namespace {

AddressQuery query_of(const char* host, const char* service) {
  AddressQuery query;
  if (host != nullptr) query.host = host;
  if (service != nullptr) query.service = service;
  query.socktype = SOCK_STREAM;
  return query;
}

// Counts what comes, on whatever thread.
class Collector final : public LookupOwner {
 public:
  void finished(std::unique_ptr<Lookup> lookup) override {
    const std::lock_guard lock(mutex_);
    tickets_.push_back(lookup->ticket);
    changed_.notify_all();
  }

  std::vector<uint64_t> await(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return tickets_.size() >= count; });
    return tickets_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<uint64_t> tickets_;
};

std::unique_ptr<Lookup> numbered(uint64_t ticket) {
  auto lookup = std::make_unique<AddressLookup>(query_of("127.0.0.1", "80"));
  lookup->ticket = ticket;
  return lookup;
}

void await_calls(NameCall call, uint64_t count) {
  while (name_fault_count(call) < count) ::sched_yield();
}

TEST("a host and a port are an address") {
  AddressLookup lookup(query_of("127.0.0.1", "80"));
  lookup.run();
  REQUIRE_EQ(lookup.failure().error, 0);
  REQUIRE_EQ(lookup.found().size(), 1u);
  EXPECT_EQ(lookup.found()[0].family, AF_INET);
  EXPECT_EQ(lookup.found()[0].address.text, "127.0.0.1");
  EXPECT_EQ(lookup.found()[0].address.port, 80);
  EXPECT(!lookup.found()[0].canonical_name);
}

TEST("a canonical name is a copy, and every list is freed") {
  clear_name_faults();
  for (int i = 0; i < 1000; ++i) {
    AddressQuery query = query_of("localhost", nullptr);
    query.flags = AI_CANONNAME;
    AddressLookup lookup(query);
    lookup.run();
    REQUIRE_EQ(lookup.failure().error, 0);
    REQUIRE(lookup.found()[0].canonical_name && !lookup.found()[0].canonical_name->empty());
  }
  EXPECT_EQ(name_fault_count(NameCall::kFreeaddrinfo), 1000u);
}

TEST("a failure has no list to free") {
  clear_name_faults();
  AddressLookup nothing(query_of(nullptr, nullptr));
  nothing.run();
  EXPECT_EQ(lookup_error_name(nothing.failure().kind, nothing.failure().error), "EAI_NONAME");
  EXPECT_EQ(nothing.failure().system_error, 0);
  inject_name_fault({.call = NameCall::kGetaddrinfo, .system_error = ENFILE});
  AddressLookup failing(query_of("127.0.0.1", "80"));
  failing.run();
  EXPECT_EQ(failing.failure().error, EAI_SYSTEM);
  EXPECT_EQ(failing.failure().system_error, ENFILE);
  EXPECT_EQ(name_fault_count(NameCall::kFreeaddrinfo), 0u);
}

TEST("an address has names") {
  SocketAddress address;
  REQUIRE_EQ(from_ip("127.0.0.1", 80, 0, &address), 0);
  NameLookup numbers(address, NI_NUMERICHOST | NI_NUMERICSERV);
  numbers.run();
  EXPECT_EQ(numbers.host(), "127.0.0.1");
  EXPECT_EQ(numbers.service(), "80");
  NameLookup impossible(address, NI_NUMERICHOST | NI_NAMEREQD);
  impossible.run();
  EXPECT_EQ(impossible.failure().error, EAI_NONAME);
}

TEST("a host has an entry, by name and by address") {
  for (int i = 0; i < 100; ++i) {
    HostLookup by_name("localhost");
    by_name.run();
    REQUIRE_EQ(by_name.failure().error, 0);
    REQUIRE(!by_name.entry().addresses.empty());
    EXPECT_EQ(by_name.entry().addresses[0], "127.0.0.1");
    HostLookup by_address(in_addr{htonl(INADDR_LOOPBACK)});
    by_address.run();
    EXPECT_EQ(by_address.failure().error, 0);
    EXPECT(!by_address.entry().name.empty());
  }
}

TEST("errors have names, texts and numbers") {
  for (const std::string_view name : {"EAI_AGAIN", "EAI_NONAME", "EAI_SYSTEM", "EAI_OVERFLOW"}) {
    int error = 0;
    REQUIRE(lookup_error_number(LookupErrors::kEai, name, &error));
    EXPECT_EQ(lookup_error_name(LookupErrors::kEai, error), name);
    EXPECT_EQ(lookup_error_text(LookupErrors::kEai, error), ::gai_strerror(error));
  }
  int error = 0;
  EXPECT(lookup_error_number(LookupErrors::kHost, "TRY_AGAIN", &error));
  EXPECT_EQ(error, TRY_AGAIN);
  EXPECT(!lookup_error_number(LookupErrors::kHost, "EAI_AGAIN", &error));
  EXPECT_EQ(lookup_error_name(LookupErrors::kEai, 12345), "UNKNOWN");
  EXPECT(!lookup_error_text(LookupErrors::kHost, 12345).empty());
}

TEST("an interface goes from its index to its name and back") {
  std::string name;
  REQUIRE_EQ(interface_name(1, &name), 0);
  EXPECT_EQ(interface_index(name), 1);
  EXPECT_EQ(interface_name(0, &name), -ENXIO);
  EXPECT(interface_index("no-such-one") < 0);
}

TEST("each look-up ends once, on few threads") {
  clear_name_faults();
  const auto owner = std::make_shared<Collector>();
  for (uint64_t ticket = 1; ticket <= 1000; ++ticket) REQUIRE_EQ(submit_lookup(numbered(ticket), owner), 0);
  std::vector<uint64_t> tickets = owner->await(1000);
  std::sort(tickets.begin(), tickets.end());
  REQUIRE_EQ(tickets.size(), 1000u);
  for (uint64_t i = 0; i < 1000; ++i) EXPECT_EQ(tickets[i], i + 1);
  EXPECT_EQ(name_fault_count(NameCall::kFreeaddrinfo), 1000u);
}

TEST("what is withdrawn never runs, and what has begun is not withdrawn") {
  clear_name_faults();
  inject_name_fault({.call = NameCall::kGetaddrinfo, .times = kMaxLookupThreads, .hold = true});
  const auto owner = std::make_shared<Collector>();
  const auto stranger = std::make_shared<Collector>();
  for (uint64_t ticket = 1; ticket <= kMaxLookupThreads; ++ticket) submit_lookup(numbered(ticket), owner);
  await_calls(NameCall::kGetaddrinfo, kMaxLookupThreads);
  submit_lookup(numbered(100), owner);
  submit_lookup(numbered(101), owner);
  EXPECT(!withdraw_lookup(*owner, 1));
  EXPECT(!withdraw_lookup(*stranger, 100));
  EXPECT(withdraw_lookup(*owner, 100));
  EXPECT(!withdraw_lookup(*owner, 100));
  release_names();
  const std::vector<uint64_t> tickets = owner->await(kMaxLookupThreads + 1);
  EXPECT_EQ(std::count(tickets.begin(), tickets.end(), 100u), 0);
  EXPECT_EQ(std::count(tickets.begin(), tickets.end(), 101u), 1);
  EXPECT_EQ(name_fault_count(NameCall::kGetaddrinfo), kMaxLookupThreads + 1u);
}

TEST("an owner is let go of when its last look-up has ended") {
  clear_name_faults();
  inject_name_fault({.call = NameCall::kGetaddrinfo, .hold = true});
  auto owner = std::make_shared<Collector>();
  const std::weak_ptr<Collector> watched = owner;
  submit_lookup(numbered(1), std::move(owner));
  await_calls(NameCall::kGetaddrinfo, 1);
  EXPECT(!watched.expired());
  release_names();
  while (!watched.expired()) ::sched_yield();
}

}  // namespace
}  // namespace pollux::test

CHECK_MAIN()
