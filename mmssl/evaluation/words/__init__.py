"""What word vectors know: neighbors, word similarity and analogies."""
