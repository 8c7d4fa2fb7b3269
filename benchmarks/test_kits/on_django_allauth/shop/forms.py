from django import forms


class SignUpForm(forms.Form):
    company = forms.CharField(max_length=200)

    def signup(self, request, user):
        user.company = self.cleaned_data["company"]
        user.save()
