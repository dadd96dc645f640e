// The little shop the load runs on: its tables, and the rows it starts with.
//
// Every table is there for what it does to a replicator:
//   customers    secondary unique key; deleting one cascades through orders to order_lines
//   accounts     a few rows updated all the time
//   orders       foreign key ON DELETE CASCADE, ENUM and SET columns
//   order_lines  compound key, floating point, a generated column
//   events       append and delete; a DDL adds a column in the middle
//   documents    rows of up to some hundred KiB; foreign key ON DELETE SET NULL
//   audit        no key at all; also filled by a trigger
//   settings     compound text key under a case-insensitive collation; keys change, REPLACE, upserts
//   seats        values of a unique column swap owners
//   warehouses, stock   foreign key ON UPDATE CASCADE
//   scratch      filled and truncated
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/connection.h"

namespace srdf::loadgen {

constexpr unsigned kAccounts = 200;
constexpr unsigned kSeats = 300;
constexpr unsigned kWarehouses = 12;

// Statements that create the database and its tables, trigger, view and procedure; first of all they drop
// what was there.
std::vector<std::string> CreateStatements(const std::string& database);
// Statements with the first rows, the same ones for the same seed. Run with the database as the default one.
std::vector<std::string> FillStatements(uint64_t seed);

// Creates and fills the database.
Status InitSchema(engine_mariadb::Connection* connection, const std::string& database, uint64_t seed);

}  // namespace srdf::loadgen
