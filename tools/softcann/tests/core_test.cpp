// Tests of the core alone: `core_test` prints the checks that fail and exits with their number.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#include "core/copy.h"
#include "core/device.h"
#include "core/event.h"
#include "core/host_memory.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/stream.h"

using namespace softcann;

namespace {

std::atomic<int> failures = 0;

#define CHECK(CONDITION)                                                   \
  do {                                                                     \
    if (!(CONDITION)) {                                                    \
      std::fprintf(stderr, "%s:%d: %s\n", __func__, __LINE__, #CONDITION); \
      ++failures;                                                          \
    }                                                                      \
  } while (false)

// Run with SOFTCANN_DEVICES=2 SOFTCANN_MEMORY=64M.
constexpr std::size_t kCapacity = std::size_t{64} << 20;
constexpr std::size_t kMiB = std::size_t{1} << 20;

struct Block {
  void* pointer = nullptr;
  explicit Block(std::size_t size) { CHECK(allocate(&pointer, size) == ACL_SUCCESS); }
  ~Block() { CHECK(release(pointer) == ACL_SUCCESS); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  std::byte* at(std::size_t offset) const { return static_cast<std::byte*>(pointer) + offset; }
};

// Whether a host program can read the byte, tried by a system call that fails instead of a crash.
bool readable(const void* address) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  bool could = write(ends[1], address, 1) == 1;
  close(ends[0]);
  close(ends[1]);
  return could;
}

void a_thread_sets_its_own_device() {
  CHECK(device_count() == 2);
  CHECK(current_device() == kNoDevice);
  void* pointer = nullptr;
  CHECK(allocate(&pointer, 1) == ACL_ERROR_RT_CONTEXT_NULL);
  CHECK(set_current_device(2) == ACL_ERROR_RT_INVALID_DEVICEID);
  CHECK(set_current_device(-1) == ACL_ERROR_RT_INVALID_DEVICEID);
  CHECK(set_current_device(0) == ACL_SUCCESS);
  std::thread([] { CHECK(current_device() == kNoDevice); }).join();
}

void memory_is_bounded_and_counted_per_device() {
  CHECK(memory_info(0).total == kCapacity);
  {
    Block most(kCapacity - kMiB);
    CHECK(memory_info(0).free == kMiB);
    CHECK(memory_info(1).free == kCapacity);
    void* more = nullptr;
    CHECK(allocate(&more, 2 * kMiB) == ACL_ERROR_RT_MEMORY_ALLOCATION);
    CHECK(std::strstr(take_recent_error(), "out of memory"));
    CHECK(take_recent_error() == nullptr);
    Block rest(kMiB);
    CHECK(memory_info(0).free == 0);
  }
  CHECK(memory_info(0).free == kCapacity);
  void* nothing = nullptr;
  CHECK(allocate(&nothing, 0) == ACL_ERROR_INVALID_PARAM);
  CHECK(allocate(&nothing, ~std::size_t{0}) == ACL_ERROR_RT_MEMORY_ALLOCATION);
}

void device_memory_is_only_reached_through_its_alias() {
  Block block(3 * kMiB);
  CHECK(reinterpret_cast<std::uintptr_t>(block.pointer) % 512 == 0);
  CHECK(!readable(block.pointer));
  CHECK(!readable(block.at(3 * kMiB - 1)));
  CHECK(readable(host_alias(block.at(3 * kMiB - 1))));
  auto allocation = find_allocation(block.at(kMiB));
  CHECK(allocation && allocation->base == block.pointer && allocation->device == 0);
  CHECK(host_alias(block.at(kMiB)) == allocation->alias + kMiB);
  CHECK(!find_allocation(block.at(allocation->size)));
  CHECK(host_alias(&block) == nullptr);
}

void only_live_memory_is_freed() {
  void* pointer = nullptr;
  CHECK(allocate(&pointer, kMiB) == ACL_SUCCESS);
  CHECK(release(static_cast<std::byte*>(pointer) + 512) == ACL_ERROR_RT_PARAM_INVALID);
  CHECK(release(pointer) == ACL_SUCCESS);
  CHECK(release(pointer) == ACL_ERROR_RT_PARAM_INVALID);
  CHECK(release(nullptr) == ACL_ERROR_RT_PARAM_INVALID);
  CHECK(allocate_host(&pointer, 100) == ACL_SUCCESS);
  CHECK(is_pinned(static_cast<std::byte*>(pointer) + 99) &&
        !is_pinned(static_cast<std::byte*>(pointer) + 100));
  CHECK(release(pointer) == ACL_ERROR_RT_PARAM_INVALID);
  CHECK(release_host(pointer) == ACL_SUCCESS);
  CHECK(release_host(pointer) == ACL_ERROR_RT_PARAM_INVALID);
}

void copies_check_kinds_ranges_and_room() {
  Block block(4096);
  char out[8] = "", in[8] = "1234567";
  CHECK(copy(block.pointer, 8, in, 8, CopyKind::host_to_device) == ACL_SUCCESS);
  CHECK(copy(out, 8, block.pointer, 8, CopyKind::device_to_host) == ACL_SUCCESS);
  CHECK(std::memcmp(in, out, 8) == 0);
  CHECK(copy(block.at(4088), 8, block.pointer, 8, CopyKind::device_to_device) == ACL_SUCCESS);
  CHECK(copy(out, 8, block.at(4088), 8, CopyKind::any) == ACL_SUCCESS);
  CHECK(std::memcmp(in, out, 8) == 0);
  CHECK(copy(block.pointer, 8, in, 8, CopyKind::device_to_host) == ACL_ERROR_RT_PARAM_INVALID);
  CHECK(copy(out, 8, in, 8, CopyKind::host_to_device) == ACL_ERROR_RT_PARAM_INVALID);
  CHECK(copy(block.at(4089), 8, in, 8, CopyKind::host_to_device) == ACL_ERROR_RT_PARAM_INVALID);
  CHECK(copy(out, 7, in, 8, CopyKind::host_to_host) == ACL_ERROR_RT_PARAM_INVALID);
  CHECK(copy(nullptr, 8, in, 8, CopyKind::any) == ACL_ERROR_RT_PARAM_INVALID);
  CHECK(copy(nullptr, 0, nullptr, 0, CopyKind::any) == ACL_SUCCESS);
  CHECK(fill(block.pointer, 4096, 7, 4096) == ACL_SUCCESS);
  CHECK(fill(block.pointer, 8192, 7, 4097) == ACL_ERROR_RT_PARAM_INVALID);
  CHECK(copy(out, 1, block.at(4095), 1, CopyKind::any) == ACL_SUCCESS && out[0] == 7);
}

void events_keep_the_moment_they_were_reached() {
  Event *first = nullptr, *second = nullptr;
  Stream* stream = nullptr;
  CHECK(create_stream(&stream) == ACL_SUCCESS);
  CHECK(create_event(&first) == ACL_SUCCESS && create_event(&second) == ACL_SUCCESS);
  float milliseconds = -1;
  CHECK(elapsed_time(&milliseconds, first, second) == ACL_ERROR_RT_EVENT_TIMESTAMP_INVALID);
  CHECK(record_event(first, stream) == ACL_SUCCESS);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(record_event(second, nullptr) == ACL_SUCCESS);
  CHECK(elapsed_time(&milliseconds, first, second) == ACL_SUCCESS && milliseconds >= 20 &&
        milliseconds < 5000);
  CHECK(destroy_event(first) == ACL_SUCCESS && destroy_event(second) == ACL_SUCCESS);
  CHECK(destroy_event(first) == ACL_ERROR_RT_INVALID_HANDLE);
  CHECK(destroy_stream(stream) == ACL_SUCCESS);
  CHECK(destroy_stream(stream) == ACL_ERROR_RT_INVALID_HANDLE);
  CHECK(check_stream(stream) == ACL_ERROR_RT_INVALID_HANDLE);
}

void threads_share_one_account() {
  std::vector<std::thread> threads;
  for (int device : {0, 1, 0, 1}) {
    threads.emplace_back([device] {
      CHECK(set_current_device(device) == ACL_SUCCESS);
      for (int round = 0; round < 2000; ++round) {
        Block block(4096 * (1 + round % 7));
        int seen = 0;
        CHECK(copy(block.pointer, 4, &round, 4, CopyKind::any) == ACL_SUCCESS);
        CHECK(copy(&seen, 4, block.pointer, 4, CopyKind::any) == ACL_SUCCESS && seen == round);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(memory_info(0).free == kCapacity && memory_info(1).free == kCapacity);
}

void a_reset_gives_back_the_device_s_memory() {
  void *kept = nullptr, *lost = nullptr;
  CHECK(set_current_device(1) == ACL_SUCCESS && allocate(&kept, kMiB) == ACL_SUCCESS);
  CHECK(set_current_device(0) == ACL_SUCCESS && allocate(&lost, kMiB) == ACL_SUCCESS);
  CHECK(reset_device(0) == ACL_SUCCESS);
  CHECK(current_device() == kNoDevice && !is_active(0) && is_active(1));
  CHECK(memory_info(0).free == kCapacity && memory_info(1).free == kCapacity - kMiB);
  CHECK(release(lost) == ACL_ERROR_RT_PARAM_INVALID);
  CHECK(release(kept) == ACL_SUCCESS);
}

}  // namespace

int main() {
  a_thread_sets_its_own_device();
  memory_is_bounded_and_counted_per_device();
  device_memory_is_only_reached_through_its_alias();
  only_live_memory_is_freed();
  copies_check_kinds_ranges_and_room();
  events_keep_the_moment_they_were_reached();
  threads_share_one_account();
  a_reset_gives_back_the_device_s_memory();
  std::printf("%d failures\n", failures.load());
  return failures;
}
