# The support depends on the data of the row.
p ~ Beta(1, 1)
hits ~ Binomial(tries, p)
