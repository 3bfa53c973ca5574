//! Giving the exchanges of a job their partition actors.
//!
//! A lane lives on the arbiter of the task that reads it, the lanes of the result on the service arbiter, so that a
//! caller is answered while the cores compute.

use std::sync::Arc;

use actix::{Actor, Addr};
use actix_rt::ArbiterHandle;
use datafusion::execution::disk_manager::DiskManager;

use crate::driver::{DriverActor, place};
use crate::exchange::{Exchange, LaneOptions, Ledger, PartitionActor, Wiring};
use crate::figures::ActorKind;
use crate::job::{JobOptions, JobShared};
use crate::memory::JobMemory;

/// What is wired.
pub(crate) struct Wires<'a> {
    pub job: &'a Arc<JobShared>,
    /// The result's first.
    pub exchanges: &'a [Arc<Exchange>],
    /// Tasks of each stage.
    pub tasks: &'a [usize],
    pub disk: Arc<DiskManager>,
    pub memory: Arc<JobMemory>,
    pub options: &'a JobOptions,
    pub operators: Vec<ArbiterHandle>,
    pub service: ArbiterHandle,
}

/// Starts the partition actors of every exchange.
pub(crate) fn wire(wires: Wires<'_>, driver: &Addr<DriverActor>) {
    for exchange in wires.exchanges {
        let wiring = wires.wiring(exchange, driver.clone());
        // Set once: an exchange belongs to one job.
        let _ = exchange.wiring.set(wiring);
    }
}

impl Wires<'_> {
    fn wiring(&self, exchange: &Exchange, driver: Addr<DriverActor>) -> Wiring {
        let limits = if exchange.id == 0 { self.options.result_credit } else { self.options.credit };
        let gates = exchange.shape.gates(exchange.producers);
        let lanes = gates.len();
        let ledger = Arc::new(Ledger::new(gates, limits, self.memory.clone()));
        let (mut addresses, mut gauges) = (Vec::new(), Vec::new());
        for lane in 0..lanes {
            let gauge = self.job.gauge(ActorKind::Partition, format!("exchange {} lane {lane}", exchange.id));
            let producers = exchange.shape.producers_per_lane(exchange.producers);
            let options = LaneOptions { lane, producers, ledger: ledger.clone(), disk: self.disk.clone(), gauge: gauge.clone() };
            let arbiter = self.arbiter(exchange, lane);
            addresses.push(PartitionActor::start_in_arbiter(arbiter, move |_| PartitionActor::new(options)));
            gauges.push(gauge);
        }
        Wiring::new(addresses, ledger, gauges, driver)
    }

    fn arbiter(&self, exchange: &Exchange, lane: usize) -> &ArbiterHandle {
        match exchange.id {
            0 => &self.service,
            _ => {
                let (stage, task) = (exchange.read_by, exchange.shape.reader_of_lane(lane));
                &self.operators[place(stage, task, self.tasks[stage], self.operators.len())]
            }
        }
    }
}
