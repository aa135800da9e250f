# Answers to questions that differ in difficulty and in how well they tell people apart; all spreads are learned.

sd_ability      ~ HalfNormal(2)
sd_slope        ~ LogNormal(-0.7, 0.5)
mu_hard         ~ Normal(0, 5)
sd_hard         ~ HalfNormal(2)
ability[person] ~ Normal(0, sd_ability)
slope[item]     ~ LogNormal(0, sd_slope)
hard[item]      ~ Normal(mu_hard, sd_hard)
right           ~ Bernoulli(logit = slope[item] * (ability[person] - hard[item]))
