# Drivers hurt in each month: a level and seasons that drift, a law on belts, and the price of petrol.

sigma[3] ~ positive_ordered(HalfStudentT(4, 1))
b_price  ~ Normal(0, 5)
b_law    ~ Normal(0, 5)
level[1] ~ Normal(mean(y), 3 * sd(y))
for t in 2:len(y) {
  level[t] ~ Normal(level[t - 1], sigma[2])
}
for t in 1:3 {
  season[t] ~ Normal(0, 2)
}
## seasons of four quarters: the last four nearly sum to zero
for t in 4:len(y) {
  season[t] ~ Normal(-sum(season[(t - 3):(t - 1)]), sigma[1])
}
y ~ Normal(level + season + b_price * price + b_law * law, sigma[3])
