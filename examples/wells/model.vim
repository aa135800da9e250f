# Logistic regression: who switches to a safe well. Shows: a link function by argument name, an effect on the scale
# that people ask about.

## log odds of switching at the average well
typical ~ Normal(0, 2)
## for a unit of arsenic
b_arsenic ~ Normal(0, 1)
## for 100 metres to the next safe well
b_distance ~ Normal(0, 1)
switched   ~ Bernoulli(
  logit = typical + b_arsenic * center(arsenic) + b_distance * center(distance) / 100,
)

## factor on the odds of switching, 100 metres further away
odds_ratio = exp(b_distance)
