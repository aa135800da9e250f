# Patients who come back within a month, in 30 hospitals. Shows: logistic regression with a level for each group.

## log odds of coming back, at the mean age in the typical hospital
typical ~ Normal(0, 2)
## for ten years of age
b_age ~ Normal(0, 1)
## for an admission through the emergency room
b_emergency ~ Normal(0, 1)
## spread of the hospitals, in log odds
tau ~ HalfNormal(1)
## log odds in a hospital, relative to the typical one
effect[hospital] ~ Normal(0, tau)
came_back        ~ Bernoulli(
  logit = typical + b_age * center(age) / 10 + b_emergency * emergency + effect[hospital],
)
