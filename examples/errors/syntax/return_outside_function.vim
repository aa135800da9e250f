# A model returns nothing.
mu ~ Normal(0, 1)
return mu
