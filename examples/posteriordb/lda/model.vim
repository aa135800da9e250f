# Words of documents that mix two topics; a few words are known to belong to one of them.

mix[doc]         ~ Dirichlet([1, 1])
words[2]         ~ Dirichlet(prior)
topic[len(word)] ~ Categorical(mix[doc])
word             ~ Categorical(words[topic])
