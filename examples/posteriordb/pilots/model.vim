# Recovery of pilots in a flight simulator: groups of training and kinds of airport, crossed.

mu_group                ~ Normal(0, 1)
mu_airport              ~ Normal(0, 1)
sd_group                ~ HalfNormal(5)
sd_airport              ~ HalfNormal(5)
sigma                   ~ HalfNormal(5)
group_effect[group]     ~ Normal(10 * mu_group, sd_group)
airport_effect[airport] ~ Normal(10 * mu_airport, sd_airport)
success                 ~ Normal(group_effect[group] + airport_effect[airport], sigma)
## all together
level = 10 * (mu_group + mu_airport)
