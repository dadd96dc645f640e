// Scenario generator: a random schema and random transactions, the same for a seed and options every time.
//
// Each seed draws a subset of the features (generator/features.h), 1 to 6 tables, and from these 20 to 150
// steps with 3 to 12 cuts. The generator keeps a rough idea of the rows that exist, so that most statements
// succeed and change rows; it need not be right, as every error of the source's server is accepted.
//
// What ends MariaDB 10.11.19 itself (signal 11) is left out: an index over a virtual column, or a unique key
// kept by hash, in a table that foreign keys change: a native replica dies at a cascade into it when its
// statement began with rows of another kind (a trigger's), the source at a cascaded update.
//
// What native replication itself cannot repeat is left out, or behind an option: a default that calls uuid()
// or rand() for existing rows, AUTO_INCREMENT added to a filled table without a key.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "differential/scenario.h"

namespace srdf::differential {

struct GeneratorOptions {
  bool xa = true;
  bool domains = false;           // transactions with several gtid_domain_id
  bool nontransactional = false;  // MyISAM and Aria tables beside InnoDB
  bool unrepeatable_ddl = false;
};

struct Generated {
  Scenario scenario;
  // How often the generator meant to do what: "swap", "cascade", "replace" … and the features of the seed
  // as "feature: …" (1 each). For measuring what a range of seeds covers.
  std::map<std::string, int> notes;
};

Generated GenerateWithNotes(uint64_t seed, const GeneratorOptions& options = {});

Scenario Generate(uint64_t seed, const GeneratorOptions& options = {});

}  // namespace srdf::differential
