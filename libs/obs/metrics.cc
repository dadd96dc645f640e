#include "obs/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <unistd.h>

#include <fstream>
#include <mutex>
#include <vector>

namespace srdf::obs {

namespace {

// Asked before the registry at every scrape; yields no metric itself.
class Refresher : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    std::lock_guard lock(mu_);
    for (const auto& callback : callbacks_) callback();
    return {};
  }
  void Add(std::function<void()> callback) {
    std::lock_guard lock(mu_);
    callbacks_.push_back(std::move(callback));
  }
  void Clear() {
    std::lock_guard lock(mu_);
    callbacks_.clear();
  }

 private:
  mutable std::mutex mu_;
  std::vector<std::function<void()>> callbacks_;
};

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double total_pages = 0, resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

void Counter::Add(double n) { static_cast<prometheus::Counter*>(impl_)->Increment(n); }
void Gauge::Set(double v) { static_cast<prometheus::Gauge*>(impl_)->Set(v); }

void Histogram::Observe(double v) { static_cast<prometheus::Histogram*>(impl_)->Observe(v); }

struct Metrics::Impl {
  std::string service;
  std::shared_ptr<Refresher> refresher = std::make_shared<Refresher>();
  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  std::unique_ptr<prometheus::Exposer> exposer;
};

Metrics::Metrics(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Metrics::~Metrics() { StopRefreshing(); }
void Metrics::StopRefreshing() { impl_->refresher->Clear(); }

Result<std::unique_ptr<Metrics>> Metrics::Start(const std::string& address, const std::string& service) {
  auto impl = std::make_unique<Impl>();
  impl->service = service;
  try {
    impl->exposer = std::make_unique<prometheus::Exposer>(address, 1);
  } catch (const std::exception& e) {
    return Status(StatusCode::kUnavailable, "cannot serve metrics at " + address + ": " + e.what(),
                  "free the port, or set services." + service + ".metrics to another one");
  }
  impl->exposer->RegisterCollectable(impl->refresher);
  impl->exposer->RegisterCollectable(impl->registry);
  std::unique_ptr<Metrics> metrics(new Metrics(std::move(impl)));
  Gauge resident = metrics->NewGauge("srdf_process_resident_bytes", "Resident memory of the service.", {});
  metrics->OnScrape([resident]() mutable { resident.Set(ResidentBytes()); });
  metrics->NewGauge("srdf_up", "1 while the service runs.", {}).Set(1);
  return metrics;
}

Counter Metrics::NewCounter(const std::string& name, const std::string& help, const Labels& labels) {
  auto& family = prometheus::BuildCounter()
                     .Name(name)
                     .Help(help)
                     .Labels({{"service", impl_->service}})
                     .Register(*impl_->registry);
  return Counter(&family.Add({labels.begin(), labels.end()}));
}

Gauge Metrics::NewGauge(const std::string& name, const std::string& help, const Labels& labels) {
  auto& family = prometheus::BuildGauge()
                     .Name(name)
                     .Help(help)
                     .Labels({{"service", impl_->service}})
                     .Register(*impl_->registry);
  return Gauge(&family.Add({labels.begin(), labels.end()}));
}

Histogram Metrics::NewHistogram(const std::string& name, const std::string& help, const Labels& labels,
                                const std::vector<double>& bounds) {
  auto& family = prometheus::BuildHistogram()
                     .Name(name)
                     .Help(help)
                     .Labels({{"service", impl_->service}})
                     .Register(*impl_->registry);
  return Histogram(&family.Add({labels.begin(), labels.end()}, bounds));
}

void Metrics::OnScrape(std::function<void()> refresh) { impl_->refresher->Add(std::move(refresh)); }

}  // namespace srdf::obs
