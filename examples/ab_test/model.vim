# Which of two pages sells better? Shows: proportions, and a difference that people ask about.

rate[page] ~ Beta(1, 1)
bought     ~ Binomial(visitors, rate[page])

## how much more often page b sells
lift = rate["b"] - rate["a"]
