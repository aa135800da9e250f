# Fish caught by visitors of a park, many of whom did not fish. Shows: zeros from two sources, a positive share by its
# log odds.

## log odds that a group of visitors does not fish at all
idle ~ Normal(0, 2)
## log fish of a group of the usual size that fishes
typical ~ Normal(0, 2)
## for one more in the group
b_persons ~ Normal(0, 1)
caught    ~ zero_inflated(inv_logit(idle), Poisson(log = typical + b_persons * center(persons)))

share_idle = inv_logit(idle)
