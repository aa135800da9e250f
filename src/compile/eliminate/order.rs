//! The order in which discrete variables are summed out of tables of log weights, and what each sum is over.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Numbers of the largest table that is made.
const MAX_TABLE: usize = 1 << 20;
/// Numbers of all messages together, which are kept, and of all tables, which a recursion keeps one of.
const MAX_MESSAGES: u128 = 1 << 27;
const MAX_WORK: u128 = 1 << 33;

/// Tables of log weights with axes of the same lengths: one for each of some sets of variables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pool {
    /// How many values each axis has.
    pub cards: Vec<usize>,
    /// The variables of each table, ascending, `[tables][axes]`.
    pub scopes: Vec<u32>,
    /// All tables are the same numbers, which are there once.
    pub is_shared: bool,
}

impl Pool {
    pub fn n_tables(&self) -> usize {
        self.scopes.len() / self.cards.len().max(1)
    }

    pub fn scope(&self, table: usize) -> &[u32] {
        &self.scopes[table * self.cards.len()..(table + 1) * self.cards.len()]
    }

    /// Numbers of one table.
    pub fn size(&self) -> usize {
        self.cards.iter().product()
    }

    /// Tables that are there.
    pub fn n_rows(&self) -> usize {
        if self.is_shared { 1 } else { self.n_tables() }
    }

    pub fn row(&self, table: usize) -> usize {
        if self.is_shared { 0 } else { table }
    }
}

/// What is added up before a variable is summed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addend {
    Table {
        pool: u32,
        table: u32,
    },
    /// What an earlier step gave: a table over its neighbours.
    Message(u32),
}

/// Variable elimination. Step i sums a variable out of all tables that hold it:
/// message(neighbours) = log sum exp over the variable of the sum of the addends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Elimination {
    /// How many values each variable has.
    pub cards: Vec<usize>,
    pub pools: Vec<Pool>,
    /// The variable of each step.
    order: Vec<u32>,
    neighbours: Lists<u32>,
    addends: Lists<Addend>,
}

/// Why an elimination is not possible: the variable that is left with the fewest others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TooLarge {
    pub variable: u32,
    /// Others that it is coupled with when it is to be summed out.
    pub n_coupled: usize,
    /// Numbers of the tables that it takes.
    pub numbers: f64,
}

impl Elimination {
    /// A good order, by the smallest table first; of equals the variable with the smallest number.
    pub fn new(cards: Vec<usize>, pools: Vec<Pool>) -> Result<Elimination, TooLarge> {
        let mut couplings = Couplings::new(&cards);
        for pool in pools.iter().filter(|pool| pool.cards.len() > 1) {
            for table in 0..pool.n_tables() {
                couplings.connect_all(pool.scope(table));
            }
        }
        let (order, neighbours) = couplings.eliminate_all()?;
        let mut step_of = vec![0u32; cards.len()];
        order.iter().zip(0..).for_each(|(&variable, step)| step_of[variable as usize] = step);
        let first = |scope: &[u32]| scope.iter().map(|&variable| step_of[variable as usize]).min();
        let tables = pools.iter().zip(0..).flat_map(|(pool, id)| {
            (0..pool.n_tables()).filter_map(move |table| {
                Some((first(pool.scope(table))?, Addend::Table { pool: id, table: table as u32 }))
            })
        });
        let messages = (0..order.len())
            .filter_map(|step| Some((first(neighbours.get(step))?, Addend::Message(step as u32))));
        let addends = Lists::of_pairs(order.len(), tables.chain(messages));
        Ok(Elimination { cards, pools, order, neighbours, addends })
    }

    pub fn n_steps(&self) -> usize {
        self.order.len()
    }

    pub fn variable(&self, step: usize) -> u32 {
        self.order[step]
    }

    /// The variables that a step's message is over, ascending.
    pub fn neighbours(&self, step: usize) -> &[u32] {
        self.neighbours.get(step)
    }

    pub fn addends(&self, step: usize) -> &[Addend] {
        self.addends.get(step)
    }

    /// Place of the first addend of a step among those of all.
    pub fn first_addend(&self, step: usize) -> usize {
        self.addends.starts[step] as usize
    }

    /// The variables of an addend, ascending.
    pub fn scope(&self, addend: Addend) -> &[u32] {
        match addend {
            Addend::Table { pool, table } => self.pools[pool as usize].scope(table as usize),
            Addend::Message(step) => self.neighbours(step as usize),
        }
    }

    pub fn card(&self, variable: u32) -> usize {
        self.cards[variable as usize]
    }

    /// Numbers of the table that a step sums over.
    pub fn joint_size(&self, step: usize) -> usize {
        self.card(self.variable(step)) * self.message_size(step)
    }

    pub fn message_size(&self, step: usize) -> usize {
        self.neighbours(step).iter().map(|&variable| self.card(variable)).product()
    }
}

/// Lists of varying lengths, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Lists<T> {
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T> Default for Lists<T> {
    fn default() -> Lists<T> {
        Lists { starts: vec![0], items: Vec::new() }
    }
}

impl<T: Copy> Lists<T> {
    /// Items by the list that they belong to, in the order in which they come.
    fn of_pairs(n: usize, pairs: impl Iterator<Item = (u32, T)> + Clone) -> Lists<T> {
        let mut starts = vec![0u32; n + 1];
        pairs.clone().for_each(|(list, _)| starts[list as usize + 1] += 1);
        for i in 0..n {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut items: Vec<T> = Vec::new();
        if let Some((_, any)) = pairs.clone().next() {
            items.resize(starts[n] as usize, any);
        }
        for (list, item) in pairs {
            items[next[list as usize] as usize] = item;
            next[list as usize] += 1;
        }
        Lists { starts, items }
    }

    pub fn push(&mut self, list: impl IntoIterator<Item = T>) {
        self.items.extend(list);
        self.starts.push(self.items.len() as u32);
    }

    pub fn get(&self, list: usize) -> &[T] {
        &self.items[self.starts[list] as usize..self.starts[list + 1] as usize]
    }

    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }
}

/// Which variables stand in one table, while they are eliminated.
struct Couplings {
    /// Those that each is coupled with; some may be gone.
    near: Vec<Vec<u32>>,
    gone: Vec<bool>,
    degree: Vec<usize>,
    /// log2 of the numbers of each variable, and of those of all that it is coupled with, in 1/1024.
    bits: Vec<u64>,
    weight: Vec<u64>,
    cards: Vec<usize>,
}

impl Couplings {
    fn new(cards: &[usize]) -> Couplings {
        let n = cards.len();
        let bits =
            cards.iter().map(|&card| (((card as f64).log2() * 1024.0).round() as u64).max(1)).collect();
        Couplings {
            near: vec![Vec::new(); n],
            gone: vec![false; n],
            degree: vec![0; n],
            bits,
            weight: vec![0; n],
            cards: cards.to_vec(),
        }
    }

    fn connect_all(&mut self, scope: &[u32]) {
        for (i, &a) in scope.iter().enumerate() {
            for &b in &scope[i + 1..] {
                self.connect(a as usize, b as usize);
            }
        }
    }

    fn connect(&mut self, a: usize, b: usize) {
        for i in [a, b] {
            if self.near[i].len() > 2 * self.degree[i] + 8 {
                let gone = &self.gone;
                self.near[i].retain(|&other| !gone[other as usize]);
            }
        }
        let (short, long) = if self.near[a].len() <= self.near[b].len() { (a, b) } else { (b, a) };
        if self.near[short].contains(&(long as u32)) {
            return;
        }
        for (i, other) in [(a, b), (b, a)] {
            self.near[i].push(other as u32);
            self.degree[i] += 1;
            self.weight[i] += self.bits[other];
        }
    }

    /// All variables in order, and those that each leaves behind.
    fn eliminate_all(mut self) -> Result<(Vec<u32>, Lists<u32>), TooLarge> {
        let n = self.gone.len();
        let (mut order, mut neighbours) = (Vec::with_capacity(n), Lists::default());
        let (mut messages, mut work) = (0u128, 0u128);
        // What stands alone needs no queue.
        for variable in (0..n).filter(|&variable| self.degree[variable] == 0) {
            order.push(variable as u32);
            neighbours.push([]);
        }
        let coupled = (0..n).filter(|&variable| self.degree[variable] > 0);
        let mut queue: BinaryHeap<Reverse<(u64, usize)>> =
            coupled.map(|variable| Reverse((self.weight[variable], variable))).collect();
        while let Some(Reverse((weight, variable))) = queue.pop() {
            if self.gone[variable] || weight != self.weight[variable] {
                continue;
            }
            let mut near = std::mem::take(&mut self.near[variable]);
            near.retain(|&other| !self.gone[other as usize]);
            near.sort_unstable();
            let with = |&other: &u32| self.cards[other as usize] as f64;
            let message = near.iter().map(with).product::<f64>();
            let numbers = message * self.cards[variable] as f64;
            messages = messages.saturating_add(message as u128);
            work = work.saturating_add(numbers as u128);
            if numbers > MAX_TABLE as f64 || messages > MAX_MESSAGES || work > MAX_WORK {
                let numbers = numbers.max(work as f64);
                return Err(TooLarge { variable: variable as u32, n_coupled: near.len(), numbers });
            }
            self.gone[variable] = true;
            for &other in &near {
                self.degree[other as usize] -= 1;
                self.weight[other as usize] -= self.bits[variable];
            }
            self.connect_all(&near);
            queue.extend(near.iter().map(|&other| Reverse((self.weight[other as usize], other as usize))));
            order.push(variable as u32);
            neighbours.push(near);
        }
        Ok((order, neighbours))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(scopes: &[u32], cards: [usize; 2]) -> Pool {
        Pool { cards: cards.to_vec(), scopes: scopes.to_vec(), is_shared: false }
    }

    #[test]
    fn a_chain_is_summed_out_from_its_start() {
        let elimination = Elimination::new(vec![3; 4], vec![pairs(&[0, 1, 1, 2, 2, 3], [3, 3])]);
        let elimination = elimination.expect("a chain");
        assert_eq!(elimination.order, [0, 1, 2, 3]);
        assert_eq!(elimination.neighbours(1), [2]);
        assert_eq!(elimination.addends(1), [Addend::Table { pool: 0, table: 1 }, Addend::Message(0)]);
        assert_eq!(elimination.neighbours(3), [0; 0]);
    }

    #[test]
    fn what_many_depend_on_comes_last() {
        let scopes: Vec<u32> = (1..100).flat_map(|leaf| [0, leaf]).collect();
        let elimination = Elimination::new(vec![2; 100], vec![pairs(&scopes, [2, 2])]).expect("a star");
        assert!(elimination.order[98..].contains(&0));
        assert!((0..100).all(|step| elimination.joint_size(step) <= 4));
    }

    #[test]
    fn what_is_coupled_too_closely_is_refused() {
        let scopes: Vec<u32> = (0..30).flat_map(|a| (a + 1..30).flat_map(move |b| [a, b])).collect();
        let refused = Elimination::new(vec![2; 30], vec![pairs(&scopes, [2, 2])]).expect_err("all pairs");
        assert_eq!((refused.variable, refused.n_coupled), (0, 29));
        assert_eq!(refused.numbers, 2f64.powi(30));
    }

    #[test]
    fn a_ring_is_cut_open() {
        let n = 50;
        let scopes: Vec<u32> = (0..n).flat_map(|i| if i + 1 < n { [i, i + 1] } else { [0, i] }).collect();
        let elimination =
            Elimination::new(vec![2; n as usize], vec![pairs(&scopes, [2, 2])]).expect("a ring");
        assert!((0..n as usize).all(|step| elimination.joint_size(step) <= 8));
    }
}
