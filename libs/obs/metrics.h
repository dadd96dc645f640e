// Prometheus metrics of a service: counters, gauges and histograms with flow labels, served over HTTP at
// /metrics.
//
// Names are srdf_<service>_<what>[_unit][_total]. Probes (one per module) own the names; other code calls
// verbs. Counter, Gauge and Histogram handles may be used from any thread and live as long as the Metrics
// object.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace srdf::obs {

using Labels = std::map<std::string, std::string>;

class Counter {
 public:
  explicit Counter(void* impl) : impl_(impl) {}
  void Add(double n = 1);

 private:
  void* impl_;
};

class Gauge {
 public:
  explicit Gauge(void* impl) : impl_(impl) {}
  void Set(double v);

 private:
  void* impl_;
};

class Histogram {
 public:
  explicit Histogram(void* impl) : impl_(impl) {}
  void Observe(double v);

 private:
  void* impl_;
};

class Metrics {
 public:
  // Listens at `address` (host:port). kUnavailable when the port is taken.
  static Result<std::unique_ptr<Metrics>> Start(const std::string& address, const std::string& service);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The same name and labels give the same metric.
  Counter NewCounter(const std::string& name, const std::string& help, const Labels& labels);
  Gauge NewGauge(const std::string& name, const std::string& help, const Labels& labels);

  // `bounds`: upper bounds of the buckets, ascending; one for all that is above is added.
  Histogram NewHistogram(const std::string& name, const std::string& help, const Labels& labels,
                         const std::vector<double>& bounds);

  // `refresh` is called before every scrape, on the HTTP server's thread: gauges that mirror a status are
  // set there. Resident memory of the process is always exported.
  void OnScrape(std::function<void()> refresh);
  // No callback runs any more when this returns; to be called before what they refer to goes away.
  void StopRefreshing();

 private:
  struct Impl;
  explicit Metrics(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace srdf::obs
