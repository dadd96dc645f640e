// srdf-differential: runs random scenarios against real servers until told to stop, and shrinks what fails.
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "differential/differential_run.h"
#include "differential/listing.h"
#include "differential/scenario_generator.h"
#include "differential/shrinker.h"

namespace srdf::differential {
namespace {

using std::chrono::steady_clock;

constexpr const char* kUsage =
    R"(srdf-differential: random scenarios through the product, compared after every wagon with the source
and with MariaDB's own replica. It starts the servers it needs and removes them.

  srdf-differential [--seeds N] [--first-seed S] [--minutes M]   a range of seeds (default 100 of them), or
                                                                 as many as fit
  srdf-differential --seed N                                     one scenario
  srdf-differential --replay FILE                                a listing that an earlier run has written

  --apply native|sql|both   how wagons are applied (default native)
  --merge                   wagons wait and are merged before they are applied, as during an outage
  --out DIR                 where listings of failures go (default: the working directory)
  --no-shrink               write failures as they are
  --failures-max N          stop after so many differences (default 20)
  --print                   print the scenario's listing as well
  --help

Exit status: 0 no difference, 1 a difference, 2 the test could not run.
)";
constexpr std::chrono::seconds kProgressEvery{5};
constexpr std::chrono::seconds kShrinkMax{180};
constexpr size_t kExamplesMax = 5;

struct Arguments {
  uint64_t seeds = 0;  // 0: as many as fit into the time
  uint64_t first_seed = 1;
  uint64_t minutes = 0;  // 0: no limit
  std::string replay;
  std::string apply = "native";
  std::string out = ".";
  bool shrink = true;
  bool merge = false;
  bool print = false;
  bool help = false;
  uint64_t failures_max = 20;
};

// What only some seeds may do: it makes scenarios longer, or ends them early.
GeneratorOptions GeneratorOptionsOf(uint64_t seed) {
  const auto one_in = [seed](uint64_t what, uint64_t n) { return Mix(seed, 100 + what) % n == 0; };
  GeneratorOptions options;
  options.xa = one_in(1, 3);
  options.domains = one_in(2, 8);
  options.nontransactional = one_in(3, 40);
  return options;
}

// Some seeds run their steps several times over: keys and tables are the same few, most DDL has no effect any
// more, and so there is more to merge.
Listing ListingOf(uint64_t seed) {
  Listing listing{Generate(seed, GeneratorOptionsOf(seed)), OptionsOf(seed)};
  const std::vector<Step> once = listing.scenario.steps;
  const uint64_t draw = Mix(seed, 110) % 10;
  for (int more = draw < 5 ? 0 : draw < 8 ? 2 : 5; more > 0; --more) {
    listing.scenario.steps.insert(listing.scenario.steps.end(), once.begin(), once.end());
  }
  return listing;
}

Result<Arguments> ParseArguments(int argc, char** argv) {
  Arguments arguments;
  const auto bad = [](const std::string& what) {
    return Status(StatusCode::kInvalidArgument, what, "srdf-differential --help lists the arguments");
  };
  bool one = false;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--help" || name == "-h") {
      arguments.help = true;
      return arguments;
    }
    if (name == "--merge") {
      arguments.merge = true;
      continue;
    }
    if (name == "--no-shrink" || name == "--print") {
      (name == "--print" ? arguments.print : arguments.shrink) = name == "--print";
      continue;
    }
    if (i + 1 == argc) return bad(name + " is unknown, or lacks its value");
    const std::string value = argv[++i];
    const auto number = [&](uint64_t* out) {
      const char* end = value.data() + value.size();
      const auto parsed = std::from_chars(value.data(), end, *out);
      return parsed.ec == std::errc() && parsed.ptr == end;
    };
    bool ok = true;
    if (name == "--seeds") {
      ok = number(&arguments.seeds);
    } else if (name == "--first-seed") {
      ok = number(&arguments.first_seed);
    } else if (name == "--minutes") {
      ok = number(&arguments.minutes);
    } else if (name == "--failures-max") {
      ok = number(&arguments.failures_max);
    } else if (name == "--seed") {
      ok = one = number(&arguments.first_seed);
    } else if (name == "--replay") {
      arguments.replay = value;
    } else if (name == "--apply") {
      arguments.apply = value;
      ok = value == "native" || value == "sql" || value == "both";
    } else if (name == "--out") {
      arguments.out = value;
    } else {
      return bad("unknown argument " + name);
    }
    if (!ok) return bad("not a value of " + name + ": " + value);
  }
  if (one) arguments.seeds = 1;
  if (!one && arguments.replay.empty() && arguments.seeds == 0 && arguments.minutes == 0) {
    arguments.seeds = 100;
  }
  return arguments;
}

// Set by SIGINT and SIGTERM: the scenario under way is given up, what was found is told.
volatile std::sig_atomic_t g_interrupted = 0;

void Interrupt(int) { g_interrupted = 1; }

class Campaign {
 public:
  Campaign(const Arguments& arguments, ServerSet* servers)
      : arguments_(arguments), servers_(servers), began_(steady_clock::now()), shown_(began_) {}

  int Replay() {
    std::ifstream in(arguments_.replay);
    std::stringstream text;
    text << in.rdbuf();
    if (in.fail()) {
      std::cerr << "cannot read " << arguments_.replay << "\n";
      return 2;
    }
    const auto listing = ParseListing(text.str());
    if (!listing.ok()) {
      std::cerr << arguments_.replay << ": " << listing.status().ToString() << "\n";
      return 2;
    }
    const Outcome outcome = RunOne(*listing);
    std::cout << VerdictName(outcome.verdict) << ": " << outcome.text << "\n";
    Count(*listing, outcome);
    return Finish();
  }

  int RunSeeds() {
    const auto deadline = began_ + std::chrono::minutes(arguments_.minutes);
    for (uint64_t n = 0; arguments_.seeds == 0 || n < arguments_.seeds; ++n) {
      if (arguments_.minutes != 0 && steady_clock::now() >= deadline) break;
      if (differences_ >= arguments_.failures_max || broken_ >= arguments_.failures_max) {
        std::cout << "stopped early: --failures-max is reached\n";
        break;
      }
      const uint64_t seed = arguments_.first_seed + n;
      Listing listing = ListingOf(seed);
      if (arguments_.merge) listing.options = WithMerges(listing.options);
      if (arguments_.print) std::cout << ToText(listing, "") << std::flush;
      const Outcome outcome = RunOne(listing);
      if (g_interrupted != 0) {
        std::cout << "interrupted at seed " << seed << ", which does not count\n";
        break;
      }
      Count(listing, outcome);
      if (outcome.verdict == Verdict::kDifferent) Report(listing, outcome);
      if (outcome.verdict == Verdict::kBroken) {
        std::cout << "seed " << seed << " could not be run: " << outcome.text << std::endl;
      }
      if (arguments_.seeds == 1) {
        std::cout << VerdictName(outcome.verdict) << ": " << outcome.kind << "\n" << outcome.text << "\n";
      }
      ShowProgress(seed);
    }
    return Finish();
  }

 private:
  Outcome RunOne(const Listing& listing) {
    return DifferentialRun(servers_, listing.scenario, listing.options).Run();
  }

  void Count(const Listing& listing, const Outcome& outcome) {
    totals_.Add(outcome.stats);
    ++verdicts_[outcome.verdict];
    differences_ += outcome.verdict == Verdict::kDifferent ? 1 : 0;
    broken_ += outcome.verdict == Verdict::kBroken ? 1 : 0;
    if (outcome.verdict == Verdict::kRefused || outcome.verdict == Verdict::kUnrepeatable) {
      Note(std::string(VerdictName(outcome.verdict)) + ": " + outcome.kind, listing.scenario.seed);
    }
    for (const auto& [method, rule] : outcome.refused) {
      Note("refused by " + method + " apply: " + rule, listing.scenario.seed);
    }
  }
  void Note(const std::string& what, uint64_t seed) {
    auto& [count, seeds] = notes_[what];
    ++count;
    if (seeds.size() < kExamplesMax) seeds.push_back(seed);
  }

  void Report(const Listing& listing, const Outcome& outcome) {
    const std::string name = "differential-seed-" + std::to_string(listing.scenario.seed);
    std::cout << "\nDIFFERENCE, seed " << listing.scenario.seed << ", " << outcome.kind << "\n"
              << outcome.text << std::endl;
    Write(name + ".sql", listing, outcome.text);
    // One of a kind is enough to look into.
    if (!arguments_.shrink || !kinds_.insert(outcome.kind).second) return;
    Outcome smallest = outcome;
    const auto still_fails = [&](const Listing& candidate) {
      const Outcome attempt = RunOne(candidate);
      const bool same = attempt.verdict == Verdict::kDifferent && attempt.kind == outcome.kind;
      if (same) smallest = attempt;
      return same;
    };
    const ShrinkResult shrunk = Shrink(listing, still_fails, kShrinkMax);
    Write(name + ".min.sql", shrunk.listing, smallest.text);
    std::cout << "shrunk from " << listing.scenario.steps.size() << " steps to "
              << shrunk.listing.scenario.steps.size() << " in " << shrunk.attempts << " attempts"
              << (shrunk.minimal ? "" : " (time was up)") << ":\n"
              << ToText(shrunk.listing, smallest.text) << std::endl;
  }

  void Write(const std::string& file, const Listing& listing, const std::string& remark) {
    const std::string path = arguments_.out + "/" + file;
    std::ofstream out(path);
    out << ToText(listing, remark);
    out.close();
    std::cout << (out.fail() ? "cannot write " : "written: ") << path << std::endl;
  }

  std::string Line() const {
    const double seconds = std::chrono::duration<double>(steady_clock::now() - began_).count();
    std::ostringstream out;
    out << totals_.scenarios << " seeds, " << totals_.steps << " steps (" << totals_.steps_failed
        << " refused by the source), " << totals_.transactions << " transactions, " << totals_.wagons
        << " wagons, " << totals_.statements << " DDL, rows " << totals_.rows_before << " → "
        << totals_.rows_after << " (" << totals_.rows_in_place << " in place), " << totals_.comparisons
        << " comparisons, " << static_cast<uint64_t>(seconds) << " s, " << differences_ << " differences";
    return out.str();
  }

  void ShowProgress(uint64_t seed) {
    if (steady_clock::now() - shown_ < kProgressEvery) return;
    shown_ = steady_clock::now();
    const bool terminal = isatty(STDOUT_FILENO) != 0;
    std::cout << (terminal ? "\r\x1b[K" : "") << "seed " << seed << ": " << Line() << (terminal ? "" : "\n")
              << std::flush;
  }

  int Finish() {
    std::cout << "\n";
    for (const auto& [what, note] : notes_) {
      std::cout << "  " << note.first << " × " << what << " (seeds";
      for (const uint64_t seed : note.second) std::cout << " " << seed;
      std::cout << (note.first > note.second.size() ? " …)\n" : ")\n");
    }
    std::cout << Line() << "\n";
    for (const auto& [verdict, count] : verdicts_)
      std::cout << "  " << VerdictName(verdict) << ": " << count << "\n";
    std::cout << std::flush;
    if (differences_ != 0) return 1;
    return broken_ != 0 || verdicts_[Verdict::kEqual] == 0 ? 2 : 0;
  }

  const Arguments arguments_;
  ServerSet* const servers_;
  const steady_clock::time_point began_;
  steady_clock::time_point shown_;
  RunStats totals_;
  std::map<Verdict, uint64_t> verdicts_;
  uint64_t differences_ = 0;
  uint64_t broken_ = 0;
  std::map<std::string, std::pair<uint64_t, std::vector<uint64_t>>> notes_;
  std::set<std::string> kinds_;
};

int Main(int argc, char** argv) {
  const auto arguments = ParseArguments(argc, argv);
  if (!arguments.ok()) {
    std::cerr << arguments.status().ToString() << "\n";
    return 2;
  }
  if (arguments->help) {
    std::cout << kUsage;
    return 0;
  }
  std::vector<std::string> methods = {arguments->apply};
  if (arguments->apply == "both") methods = {"native", "sql"};
  const auto servers = ServerSet::Start(methods);
  if (!servers.ok()) {
    std::cerr << servers.status().ToString() << "\n";
    return 2;
  }
  std::signal(SIGINT, Interrupt);
  std::signal(SIGTERM, Interrupt);
  Campaign campaign(*arguments, servers->get());
  return arguments->replay.empty() ? campaign.RunSeeds() : campaign.Replay();
}

}  // namespace
}  // namespace srdf::differential

int main(int argc, char** argv) { return srdf::differential::Main(argc, argv); }
