# Categories are counted from 1.
p ~ Dirichlet(rep(1, 3))
rating ~ Categorical(p)
