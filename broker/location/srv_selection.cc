#include "broker/location/srv_selection.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

namespace flowbroker::location {
namespace {

using Record = std::vector<dns::SrvRecord>::iterator;

// One draw of RFC 2782 among records of one priority, those of weight zero first: the first record whose running sum of
// weights reaches a number drawn from 0 to the sum of all, both included. A weight of zero thus has a small chance.
Record DrawByWeight(Record first, Record last, RandomSource& random) {
  std::uint64_t sum = 0;
  for (Record record = first; record != last; ++record) sum += record->weight;
  const std::uint64_t drawn = UniformUpTo(random, sum);
  std::uint64_t running_sum = 0;
  return std::find_if(first, last, [&](const dns::SrvRecord& record) {
    running_sum += record.weight;
    return running_sum >= drawn;
  });
}

}  // namespace

std::vector<dns::SrvRecord> OrderSrvRecords(std::vector<dns::SrvRecord> records, std::size_t limit,
                                            RandomSource& random) {
  // By priority, and within a priority those of weight zero first; otherwise as DNS gave them.
  std::multimap<std::pair<std::uint16_t, bool>, dns::SrvRecord> sorted;
  for (dns::SrvRecord& record : records) {
    const std::pair place(record.priority, record.weight != 0);
    sorted.emplace(place, std::move(record));
  }
  std::transform(sorted.begin(), sorted.end(), records.begin(), [](auto& entry) { return std::move(entry.second); });
  const Record end = records.begin() + static_cast<std::ptrdiff_t>(std::min(limit, records.size()));
  for (Record next = records.begin(); next != end; ++next) {
    const Record group_end = std::find_if(
        next, records.end(), [&](const dns::SrvRecord& record) { return record.priority != next->priority; });
    const Record drawn = DrawByWeight(next, group_end, random);
    std::rotate(next, drawn, drawn + 1);  // to the front of those left; the others keep their order
  }
  records.erase(end, records.end());
  return records;
}

bool IsDeclaredUnavailable(const std::vector<dns::SrvRecord>& records) {
  return !records.empty() && std::all_of(records.begin(), records.end(),
                                         [](const dns::SrvRecord& record) { return record.target.is_root(); });
}

}  // namespace flowbroker::location
